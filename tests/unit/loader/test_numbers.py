"""Numbers as users write them."""

from __future__ import annotations

import pytest
from aotrace.loader import numbers


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0", 0),
        ("42", 42),
        ("-5", -5),
        ("0x1F", 31),
        ("0XfF", 255),
        ("0b101", 5),
        ("017", 15),
        ("0s", 0),
        ("00", 0),
        ("1_000_000", 1_000_000),
        ("1e6", 1_000_000),
        ("9E3", 9000),
        ("5ns", 5),
        ("5us", 5000),
        ("5ms", 5_000_000),
        ("2s", 2_000_000_000),
        ("1m", 60_000_000_000),
        ("1h", 3_600_000_000_000),
        ("1d", 86_400_000_000_000),
        ("7u", 7),
        ("7ul", 7),
        ("7ull", 7),
        ("7l", 7),
        ("7ll", 7),
        ("-0x10", -16),
        ("18446744073709551615", (1 << 64) - 1),
        ("-9223372036854775808", -(1 << 63)),
    ],
)
def test_either(text: str, value: int) -> None:
    assert numbers.either(text) == value


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "invalid integer"),
        ("-", "invalid integer"),
        ("hello", "invalid integer"),
        ("0x", "invalid integer"),
        ("0b", "invalid integer"),
        ("0b2", "invalid integer"),
        ("_", "invalid integer"),
        ("1x", "invalid trailing bytes"),
        ("1 ", "invalid trailing bytes"),
        ("08s", "invalid trailing bytes"),
        ("1.5", "invalid trailing bytes"),
        ("1S", "invalid trailing bytes"),
        ("5e", "invalid trailing bytes"),
        ("12e3", "coefficient part of scientific literal must be 1-9"),
        ("0e3", "coefficient part of scientific literal must be 1-9"),
        ("1e20", "value is out of range"),
        ("1e99999999999999999999", "value is out of range"),
        ("18446744073709551616", "value is out of range"),
        ("-9223372036854775809", "value is out of range"),
        ("4294967296u", "value is out of range"),
        ("9223372036854775808l", "value is out of range"),
        ("20000000000s", "value is out of range"),
        ("٣", "invalid integer"),
    ],
)
def test_what_is_no_number(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        numbers.either(text)


def test_signs() -> None:
    assert numbers.signed("-3") == -3
    assert numbers.unsigned("-3") == (1 << 64) - 3
    assert numbers.unsigned("18446744073709551615") == (1 << 64) - 1
    with pytest.raises(ValueError, match="out of range"):
        numbers.signed("9223372036854775808")
