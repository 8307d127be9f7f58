"""Literals: integers with their suffixes and strings with their escapes, from text to value.

Rules and limits as in bpftrace's language reference ("Literals"); over that, C suffixes may be in
upper case and stand after hexadecimal digits, as constants in C headers have them, and a character
in single quotes is its code.
"""

from __future__ import annotations

import re

from aotrace.compiler.syntax.tokens import Number

U32_MAX = 2**32 - 1
I64_MAX = 2**63 - 1
U64_MAX = 2**64 - 1

# suffix -> (largest value, nanoseconds that one unit stands for)
SUFFIXES: dict[str, tuple[int, int]] = {
    "": (U64_MAX, 1),
    "u": (U32_MAX, 1),
    "ul": (U64_MAX, 1),
    "ull": (U64_MAX, 1),
    "l": (I64_MAX, 1),
    "ll": (I64_MAX, 1),
    "ns": (U64_MAX, 1),
    "us": (U64_MAX, 10**3),
    "ms": (U64_MAX, 10**6),
    "s": (U64_MAX, 10**9),
    "m": (U64_MAX, 60 * 10**9),
    "h": (U64_MAX, 3600 * 10**9),
    "d": (U64_MAX, 86400 * 10**9),
}

_INTEGER = re.compile(
    r"(0[xX][0-9a-fA-F_]*|[0-9][0-9_]*)(?:[eE]([0-9][0-9_]*))?([A-Za-z]\w*)?", re.ASCII
)

_ESCAPE = re.compile(r"\\(?:([0-7]{1,3})|[xX]([0-9a-fA-F]{1,2})|(.))|([^\\]+)", re.DOTALL)
_SIMPLE_ESCAPES = {
    "n": b"\n",
    "t": b"\t",
    "r": b"\r",
    "a": b"\a",
    "b": b"\b",
    "f": b"\f",
    "v": b"\v",
    "e": b"\x1b",
    "?": b"?",
    "'": b"'",
    '"': b'"',
    "\\": b"\\",
}


class LiteralError(Exception):
    """A literal has no value; start and end are offsets in its text."""

    def __init__(self, message: str, start: int, end: int, *hints: str) -> None:
        super().__init__(message)
        self.start = start
        self.end = end
        self.hints = hints


def integer(text: str) -> Number:
    """The value of an integer literal. Raises LiteralError."""
    match = _INTEGER.fullmatch(text)
    if not match:
        raise LiteralError(f"invalid integer `{text}`", 0, len(text))
    digits, exponent, suffix = match[1], match[2], (match[3] or "").lower()
    if suffix not in SUFFIXES:
        raise _bad_suffix(match)
    for group in (1, 2):
        if match[group] and match[group].endswith("_"):
            raise LiteralError(
                "an integer cannot end in an underscore", match.end(group) - 1, match.end(group)
            )
    limit, scale = SUFFIXES[suffix]
    value = (
        _digits(digits.replace("_", ""), match.end(1)) * _power(digits, exponent, len(text)) * scale
    )
    if value > (U64_MAX if scale > 1 else limit):
        raise LiteralError(
            f"integer `{text}` is out of range: the largest is {limit // scale}", 0, len(text)
        )
    return Number(value, suffix)


def _bad_suffix(match: re.Match[str]) -> LiteralError:
    hint = "known suffixes are u, l, ll, ul, ull and the times ns, us, ms, s, m, h, d"
    return LiteralError(f"invalid integer suffix `{match[3]}`", match.start(3), match.end(3), hint)


def _digits(digits: str, end: int) -> int:
    if digits[:2] in ("0x", "0X"):
        if len(digits) == 2:
            raise LiteralError("a hexadecimal integer needs digits after `0x`", 0, end)
        return _to_int(digits[2:], 16, end)
    if digits[0] == "0" and len(digits) > 1:
        if not set(digits) <= set("01234567"):
            raise LiteralError(f"invalid octal integer `{digits}`: its digits are 0 to 7", 0, end)
        return _to_int(digits, 8, end)
    return _to_int(digits, 10, end)


def _to_int(digits: str, base: int, end: int) -> int:
    # int() is quadratic and Python refuses very long digit strings: 70 digits are past any range.
    digits = digits.lstrip("0") or "0"
    if len(digits) > 70:
        raise LiteralError(f"integer is out of range: the largest is {U64_MAX}", 0, end)
    return int(digits, base)


def _power(digits: str, exponent: str | None, end: int) -> int:
    if exponent is None:
        return 1
    if digits not in tuple("123456789"):
        hint = "write 1e6 for a million, or the digits with underscores: 1_000_000"
        raise LiteralError(
            "the digit before `e` in an integer must be a single 1 to 9", 0, end, hint
        )
    zeros = min(_to_int(exponent.replace("_", ""), 10, end), 40)
    return int("1" + "0" * zeros)


def string(text: str) -> bytes:
    """The bytes that the inside of a quoted string stands for. Raises LiteralError."""
    if "\\" not in text:
        return encode(text)
    return b"".join(_escape(match) for match in _ESCAPE.finditer(text))


def _escape(match: re.Match[str]) -> bytes:
    octal, hexa, char, plain = match.groups()
    if plain is not None:
        return encode(plain)
    if octal is not None:
        if int(octal, 8) > 255:
            raise LiteralError(
                f"octal escape `\\{octal}` is out of range", match.start(), match.end()
            )
        return bytes([int(octal, 8)])
    if hexa is not None:
        return bytes([int(hexa, 16)])
    if char not in _SIMPLE_ESCAPES:
        hint = "a backslash itself is written `\\\\`"
        raise LiteralError(f"invalid escape `\\{char}`", match.start(), match.end(), hint)
    return _SIMPLE_ESCAPES[char]


def character(text: str) -> Number:
    """The code of the single byte between single quotes. Raises LiteralError."""
    value = string(text)
    if len(value) != 1:
        raise LiteralError(
            "a character literal holds one byte", 0, len(text), 'strings are written "…"'
        )
    return Number(value[0], "")


def encode(text: str) -> bytes:
    """UTF-8; bytes that were not UTF-8 in the file come back as they were."""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")
