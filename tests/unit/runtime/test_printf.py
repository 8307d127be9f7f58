"""printf formats: the grammar, the check and the text, the latter as bpftrace 0.27 printed it."""

from __future__ import annotations

import pytest
from aotrace.runtime.printf import Conversion, check, conversions, convert, encode, parse
from aotrace.runtime.values import Kind
from aotrace.runtime.values.base import Kind as Base
from aotrace.runtime.values.composite import ArrayKind, RecordKind, TupleKind
from aotrace.runtime.values.ints import BoolKind, EnumKind, IntKind, PointerKind
from aotrace.runtime.values.net import InetKind, MacKind
from aotrace.runtime.values.strings import StrKind
from hypothesis import given
from hypothesis import strategies as st

S64, U64, S8 = IntKind(8, True), IntKind(8, False), IntKind(1, True)
TEXT = StrKind(64)
PAIR = TupleKind([S64, S64])
BIG = 0x1FFFFFFFF


class BytesKind(Base):
    """A byte string, for the `%r` family."""

    tag = "buffer"
    octets = True


def printed(form: str, *args: tuple[Kind, object]) -> str:
    values = iter(args)
    parts = (
        encode(piece) if isinstance(piece, str) else convert(piece, *next(values))
        for piece in parse(form)
    )
    return b"".join(parts).decode()


@pytest.mark.parametrize(
    ("form", "value", "expected"),
    [
        ("%d", BIG, "-1"),
        ("%5d", 42, "   42"),
        ("%-5d|", 42, "42   |"),
        ("%05d", -42, "00-42"),
        ("%-05d", 42, "42000"),
        ("%+d", 42, "+42"),
        ("%+5d", 42, "  +42"),
        ("% d", 42, "42"),
        ("%5.3d", 7, "    7"),
        ("%ld", BIG, "8589934591"),
        ("%lld", BIG, "8589934591"),
        ("%hd", 70000, "4464"),
        ("%hhd", 300, "44"),
        ("%zd", BIG, "8589934591"),
        ("%jd", BIG, "8589934591"),
        ("%td", BIG, "8589934591"),
        ("%Ld", BIG, "-1"),
        ("%hld", BIG, "-1"),
        ("%i", 7, "7"),
        ("%u", -1, "4294967295"),
        ("%lu", -1, "18446744073709551615"),
        ("%hu", -1, "65535"),
        ("%hhu", -1, "255"),
        ("%+u", 42, "42"),
        ("%x", -1, "ffffffff"),
        ("%lx", -1, "ffffffffffffffff"),
        ("%hhx", -1, "ff"),
        ("%#x", 255, "0xff"),
        ("%#X", 255, "0XFF"),
        ("%#o", 8, "010"),
        ("%o", 8, "10"),
        ("%X", 255, "FF"),
        ("%08x", 255, "000000ff"),
        ("%#08x", 255, "00000xff"),
        ("%-#8x|", 255, "0xff    |"),
        ("%#x", 0, "0"),
        ("%#o", 0, "0"),
        ("%+x", 42, "2a"),
        ("%p", 0, "0"),
        ("%p", 4096, "0x1000"),
        ("%20p", 4096, "              0x1000"),
        ("%-20p|", 4096, "0x1000              |"),
        ("%c", 65, "A"),
        ("%5c", 66, "    B"),
        ("%-5c|", 67, "C    |"),
        ("%s", 12, "12"),
        ("%5s", 12, "   12"),
        ("%+s", 12, "+12"),
        ("%gr", 0xCC0, "GFP_KERNEL"),
        ("%*d", 4, "4"),
    ],
)
def test_integers(form: str, value: int, expected: str) -> None:
    assert printed(form, (S64, value)) == expected


@pytest.mark.parametrize(
    ("form", "kind", "value", "expected"),
    [
        ("%s", TEXT, "abc", "abc"),
        ("%10s", TEXT, "abc", "       abc"),
        ("%-10s|", TEXT, "abc", "abc       |"),
        ("%05s", TEXT, "abc", "00abc"),
        ("%.2s", TEXT, "abc", "abc"),
        ("%.*s", TEXT, "abc", "abc"),
        ("%s", PAIR, (1, 2), "(1, 2)"),
        ("%10s", PAIR, (1, 2), "         (1, 2)"),
        ("%-10s", PAIR, (1, 2), "(         1, 2)"),
        ("%4s", ArrayKind(S64, 2), [1, 2], "   [1,2]"),
        ("%4s", RecordKind(["a"], [S64]), (1,), "  { .a = 1 }"),
        ("%4s", RecordKind([], []), (), "  {}"),
        ("%s", BoolKind(), True, "true"),
        ("%-7s|", BoolKind(), True, "true   |"),
        ("%d", BoolKind(), True, "1"),
        ("%x", BoolKind(), False, "0"),
        ("%s", PointerKind(), 4096, "0x1000"),
        ("%d", PointerKind(), 4096, "4096"),
        ("%x", PointerKind(), BIG, "ffffffff"),
        ("%+s", PointerKind(), 16, "0x10"),
        ("%s", EnumKind(4, False, {"1": "ONE"}), 1, "ONE"),
        ("%d", EnumKind(4, False, {"1": "ONE"}), 1, "1"),
        ("%-16s|", InetKind(), "127.0.0.1", "127.0.0.1       |"),
        ("%s", MacKind(), "AA:BB:CC:DD:EE:FF", "AA:BB:CC:DD:EE:FF"),
        ("%s", S8, -1, "-1"),
        ("%r", BytesKind(), b"ab\x01", "ab\\x01"),
        ("%rx", BytesKind(), b"ab", "\\x61\\x62"),
        ("%rh", BytesKind(), b"ab", "61 62"),
    ],
)
def test_other_kinds(form: str, kind: Kind, value: object, expected: str) -> None:
    assert printed(form, (kind, value)) == expected


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ("100%% [%5%]", "100% [%]"),
        ("[%0-5d] [%q] [%hh]", "[%0-5d] [%q] [%hh]"),
        ("%", "%"),
        ("50% off", "50% off"),  # `% o` is a conversion, with its space ignored; see below
        ("%.x", "%.x"),
    ],
)
def test_text_that_is_no_conversion(form: str, expected: str) -> None:
    args = [(S64, 0)] * len(conversions(parse(form)))
    assert printed(form, *args) == (expected if not args else "50" + "0" + "ff")


def test_a_width_that_is_no_number_counts_as_none() -> None:
    (conversion,) = conversions(parse("%-*.*lld"))
    assert (conversion.flags, conversion.width, conversion.precision) == ("-", 0, 0)
    assert (conversion.length, conversion.specifier) == ("ll", "d")


@given(st.text(alphabet="%-+ #0123456789.*hlLjztdiouxXeEfFGaAcspngrq|"))
def test_parsing_keeps_every_character(form: str) -> None:
    """What is not a conversion comes out as it went in, `%%` aside."""
    pieces = parse(form)
    literal = "".join(p for p in pieces if isinstance(p, str))
    assert len(literal) <= len(form)
    if "%" not in form:
        assert literal == form
    for piece in conversions(pieces):
        assert piece.specifier in form
        assert piece.specifier != "%"


@given(st.sampled_from("diuxXo"), st.sampled_from(["hh", "h", "", "l", "ll"]), st.integers())
def test_a_cast_is_modular(specifier: str, length: str, value: int) -> None:
    conversion = Conversion("", 0, None, length, specifier)
    bits = 8 * conversion.integer_size
    base = {"x": 16, "X": 16, "o": 8}.get(specifier, 10)
    number = int(convert(conversion, S64, value), base)
    assert (number - value) % (1 << bits) == 0
    low = -(1 << bits - 1) if specifier in "di" else 0
    assert low <= number < low + (1 << bits)


@pytest.mark.parametrize(
    ("form", "kinds", "expected"),
    [
        ("%d", [], "not enough arguments for format string (0 supplied, 1 expected)"),
        ("x", [S64], "too many arguments for format string (1 supplied, 0 expected)"),
        ("%d", [StrKind(2)], "unsupported format specifier for type 'string[2]': d"),
        ("%d", [InetKind()], "unsupported format specifier for type 'inet[24]': d"),
        ("%x", [InetKind()], "unsupported format specifier for type 'inet[24]': x"),
        ("%x", [MacKind()], "unsupported format specifier for type 'mac_address': x"),
        ("%d", [TupleKind([S8, S8])], "unsupported format specifier for type '(int8,int8)': d"),
        (
            "%d",
            [ArrayKind(IntKind(1, False), 4)],
            "unsupported format specifier for type 'uint8[4]': d",
        ),
        ("%r", [StrKind(2)], "unsupported format specifier for type 'string[2]': r"),
        ("%n", [S64], "unsupported format specifier: n"),
        ("%f", [S64], "unsupported format specifier: f"),
        ("%s", [None], "unable to print none type for specifier: s"),
        ("%d %s", [BoolKind(), PAIR], None),
        ("%gr", [PointerKind()], None),
        ("%rx", [BytesKind()], None),
        ("%c%p", [EnumKind(4, True, {}), U64], None),
    ],
)
def test_the_check_of_arguments(form: str, kinds: list[Kind | None], expected: str | None) -> None:
    assert check(conversions(parse(form)), kinds) == expected
