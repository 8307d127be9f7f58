"""Attach points as words: periods, functions, parameters in them."""

from __future__ import annotations

import pytest
from aotrace.runtime import points


@pytest.mark.parametrize(
    ("parts", "period"),
    [
        (["interval", "s", "5"], 5_000_000_000),
        (["interval", "ms", "1_0"], 10_000_000),
        (["interval", "us", "7"], 7_000),
        (["interval", "hz", "4"], 250_000_000),
        (["interval", "5s"], 5_000_000_000),
        (["interval", "2m"], 120_000_000_000),
        (["interval", "1_000"], 1000),
        (["profile", "1500"], 1500),
        (["profile", "0x3e8"], 1000),
        (["profile", "ms", "1e2"], 100_000_000),
        (["interval", "7d"], 604_800_000_000_000),
        (["interval"], None),
        (["interval", "s"], None),
        (["interval", ""], None),
        (["interval", "s", "1", "2"], None),
    ],
)
def test_periods(parts: list[str], period: int | None) -> None:
    assert points.period_ns(parts) == period


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        (["interval", "year", "5"], "`year` is not a unit of interval"),
        (["interval", "s", ""], "`` is not a period"),
        (["interval", "s", "x"], "`x` is not a period"),
        (["interval", "5x"], "`5x` is not a period of interval"),
        (["profile", "999"], "999 ns is too short a period: 1000 ns \\(1us\\) at least"),
        (["profile", "0"], "`0` is not a period of profile"),
        (["interval", "s", "-1"], "`-1` is not a period"),
        (["interval", "s", "0"], "`0` is not a period"),
        (["interval", "hz", "0"], "`0` is not a period"),
        (["interval", "hz", "2000000000"], "`2000000000` is not a period"),
        (["interval", "s", "9223372037"], "`9223372037` is not a period"),
    ],
)
def test_what_is_no_period(parts: list[str], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        points.period_ns(parts)


@pytest.mark.parametrize(
    ("parts", "found"),
    [
        (["kprobe", "vfs_read"], {"function": "vfs_read", "offset": 0}),
        (["kprobe", "f.constprop.0"], {"function": "f.constprop.0", "offset": 0}),
        (["kprobe", "f+0x10"], {"function": "f", "offset": 16}),
        (["kprobe", "f+010"], {"function": "f", "offset": 8}),
        (["kprobe", "f+0xFf"], {"function": "f", "offset": 255}),
        (["kprobe", "m", "f"], {"function": "f", "offset": 0, "module": "m"}),
        (["kprobe", "vmlinux", "f+1"], {"function": "f", "offset": 1}),
        (["kprobe", "0xffffffff81000000"], {"function": "", "offset": 0xFFFFFFFF81000000}),
        (["kprobe", ""], None),
        (["kprobe", "", "f"], None),
        (["kprobe", "m", "0x10"], None),
        (["kprobe", "a b"], None),
        (["kprobe"], None),
        (["kprobe", "m", "f", "x"], None),
    ],
)
def test_kernel_places(parts: list[str], found: dict[str, object] | None) -> None:
    assert points.kernel_place(parts) == found


@pytest.mark.parametrize("offset", ["", "x", "-1", "ff", "0x"])
def test_what_is_no_offset(offset: str) -> None:
    with pytest.raises(ValueError, match=f"`{offset}` is not an offset"):
        points.kernel_place(["kprobe", f"f+{offset}"])


def test_parameters_are_put_in() -> None:
    point: list[points.Part] = [["kprobe"], ["tcp_", 2, "_", 1]]
    assert points.fill(point, ["a", "b"]) == ["kprobe", "tcp_b_a"]
    assert points.fill(point, ["a"]) == ["kprobe", "tcp__a"]
    assert points.fill([["tracepoint"], [1]], ["sched:x"]) == ["tracepoint", "sched", "x"]
    assert points.parameters(point) == [1, 2]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0", 0),
        ("1_000", 1000),
        ("0x1F", 31),
        ("0b101", 5),
        ("017", 15),
        ("2e3", 2000),
        ("5us", 5000),
        ("1h", 3_600_000_000_000),
        ("18446744073709551615", 2**64 - 1),
    ],
)
def test_numbers(text: str, value: int) -> None:
    assert points.number(text, "a number") == value


@pytest.mark.parametrize(
    "text", ["", "x", "-1", "0x", "0b2", "08", "12e3", "1e", "5weeks", "\u0661"]
)
def test_what_is_no_number(text: str) -> None:
    with pytest.raises(ValueError, match=f"`{text}` is not a count"):
        points.number(text, "a count")


@pytest.mark.parametrize("text", ["18446744073709551616", "9e99", "1e9999999999"])
def test_numbers_that_are_too_large(text: str) -> None:
    with pytest.raises(ValueError, match="too large for a count"):
        points.number(text, "a count")


@pytest.mark.parametrize(
    ("parts", "text"),
    [
        (["profile", "hz", "0x63"], "profile:hz:99"),
        (["interval", "s", "1"], "interval:s:1"),
        (["interval", "1s"], "interval:us:1000000"),
        (["profile", "1500"], "profile:us:1"),
    ],
)
def test_names_of_timers(parts: list[str], text: str) -> None:
    assert points.period_text(parts) == text
