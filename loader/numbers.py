"""Numbers as users write them, by bpftrace 0.27's rules (src/util/int_parser.cpp): `0x1f`, `0b11`,
`017`, `1_000`, `1e6`, and the suffixes of C and of durations."""

from __future__ import annotations

_LARGEST = (1 << 64) - 1
_LONG = (1 << 63) - 1
#: suffix -> (the largest number of its type, what one is worth)
_SUFFIXES = {
    "": (_LARGEST, 1),
    "u": ((1 << 32) - 1, 1),
    "ul": (_LARGEST, 1),
    "ull": (_LARGEST, 1),
    "l": (_LONG, 1),
    "ll": (_LONG, 1),
    "ns": (_LARGEST, 1),
    "us": (_LARGEST, 1_000),
    "ms": (_LARGEST, 1_000_000),
    "s": (_LARGEST, 1_000_000_000),
    "m": (_LARGEST, 60_000_000_000),
    "h": (_LARGEST, 3_600_000_000_000),
    "d": (_LARGEST, 86_400_000_000_000),
}
_DIGITS = "0123456789abcdef"
_INVALID, _RANGE = "invalid integer", "value is out of range"


def signed(text: str) -> int:
    """A number of 64 bits with a sign. Raises ValueError, which says what is wrong."""
    value = -_magnitude(text[1:]) if text.startswith("-") else _magnitude(text)
    if not -_LONG - 1 <= value <= _LONG:
        raise ValueError(_RANGE)
    return value


def unsigned(text: str) -> int:
    """A number of 64 bits without a sign; a negative one wraps around, as C's strtoull does."""
    value = -_magnitude(text[1:]) if text.startswith("-") else _magnitude(text)
    return value & _LARGEST


def either(text: str) -> int:
    """A number from -2^63 to 2^64-1. Raises ValueError, which says what is wrong."""
    return signed(text) if text.startswith("-") else unsigned(text)


def _magnitude(text: str) -> int:
    base, rest = _base(text.replace("_", ""))
    count = len(rest) - len(rest.lower().lstrip(_DIGITS[:base]))
    if not count:
        raise ValueError(_INVALID)
    number, rest = int(rest[:count], base), rest[count:]
    if number > _LARGEST:
        raise ValueError(_RANGE)
    if rest[:1] in ("e", "E") and rest[1:2] in tuple("123456789"):
        number, rest = _scaled(number, rest[1:])
    if rest not in _SUFFIXES:
        raise ValueError("invalid trailing bytes")
    most, unit = _SUFFIXES[rest]
    if number > most // unit:
        raise ValueError(_RANGE)
    return number * unit


def _base(digits: str) -> tuple[int, str]:
    """The base that a prefix names, and what follows it."""
    prefix = digits[:2].lower()
    if prefix == "0x":
        return 16, digits[2:]
    if prefix == "0b":
        return 2, digits[2:]
    return (8, digits) if prefix[:1] == "0" and prefix[1:].isdecimal() else (10, digits)


def _scaled(coefficient: int, exponent: str) -> tuple[int, str]:
    """A number in scientific notation, and what follows it."""
    if not 1 <= coefficient <= 9:
        raise ValueError("coefficient part of scientific literal must be 1-9")
    count = len(exponent) - len(exponent.lstrip(_DIGITS[:10]))
    number = coefficient * 10 ** min(int(exponent[:count]), 20)
    if number > _LARGEST:
        raise ValueError(_RANGE)
    return number, exponent[count:]
