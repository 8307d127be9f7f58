"""Format strings: their grammar, the check of arguments and the text each conversion gives.

The grammar is bpftrace's, which is not C's: the flags come in one order (`-`, `+`, space, `#`,
`0`), `*` is accepted and means nothing, and a `%` that starts no conversion is plain text. The text
is what C++ streams print, so `%05d` of -42 is `00-42` and `%#x` of 0 is `0`. bpftrace:
src/format_string.cpp, docs/language.adoc.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any, Union

    from aotrace.runtime.values.base import Kind

    Piece = Union[str, "Conversion"]

_FLAGS = "-+ #0"
_LENGTHS = "hlLjzt"
#: Longest first: `%rx` is one conversion, not `%r` and an x.
_SPECIFIERS = (*"diouxXeEfFGaAcspn%", "gr", "g", "rh", "rx", "r")
#: Bytes that a length modifier keeps of an integer; without one it is a C int.
_WIDTHS = {"hh": 1, "h": 2, "l": 8, "ll": 8, "j": 8, "z": 8, "t": 8}
INT_SIZE = 4


class Conversion:
    """One `%` conversion.

    `flags` holds those of `-+ #0` that were given; precision is read and ignored.
    """

    __slots__ = ("flags", "length", "precision", "specifier", "width")

    def __init__(
        self, flags: str, width: int, precision: int | None, length: str, specifier: str
    ) -> None:
        self.flags = flags
        self.width = width
        self.precision = precision
        self.length = length
        self.specifier = specifier

    @property
    def integer_size(self) -> int:
        """Bytes of the C integer that the argument is cast to before it is printed."""
        return _WIDTHS.get(self.length, INT_SIZE)

    def __repr__(self) -> str:
        return f"Conversion({', '.join(repr(getattr(self, slot)) for slot in self.__slots__)})"


def parse(form: str) -> list[Piece]:
    """Split a format into literal text and conversions, in order; `%%` is literal text."""
    pieces: list[Piece] = []
    literal = ""
    position = 0
    while position < len(form):
        found = _conversion(form, position) if form[position] == "%" else None
        if found is None:
            literal += form[position]
            position += 1
            continue
        conversion, position = found
        if conversion.specifier == "%":
            literal += "%"
            continue
        if literal:
            pieces.append(literal)
        literal = ""
        pieces.append(conversion)
    return [*pieces, literal] if literal else pieces


def _conversion(form: str, start: int) -> tuple[Conversion, int] | None:
    """The conversion whose `%` is at `start`, and where it ends; None when it is plain text."""
    position = start + 1
    flags = ""
    for flag in _FLAGS:
        if form.startswith(flag, position):
            flags += flag
            position += 1
    width, position = _number(form, position)
    precision = None
    if form.startswith(".", position):
        precision, position = _number(form, position + 1)
        if precision is None:
            return None
    end = position
    while end < len(form) and form[end] in _LENGTHS:
        end += 1
    for specifier in _SPECIFIERS:
        if form.startswith(specifier, end):
            found = Conversion(flags, width or 0, precision, form[position:end], specifier)
            return found, end + len(specifier)
    return None


def _number(form: str, start: int) -> tuple[int | None, int]:
    """Digits, or a `*` that counts as 0; None where there is neither."""
    if form.startswith("*", start):
        return 0, start + 1
    end = start
    while end < len(form) and form[end] in "0123456789":
        end += 1
    return (int(form[start:end]) if end > start else None), end


def render(conversion: Conversion) -> str:
    """The conversion as text that parses back to it."""
    width = str(conversion.width) if conversion.width else ""
    precision = "" if conversion.precision is None else f".{conversion.precision}"
    return f"%{conversion.flags}{width}{precision}{conversion.length}{conversion.specifier}"


def conversions(pieces: Sequence[Piece]) -> list[Conversion]:
    """Only the conversions among the pieces of a format."""
    return [piece for piece in pieces if isinstance(piece, Conversion)]


def check(expected: Sequence[Conversion], kinds: Sequence[Kind | None]) -> str | None:
    """Why these arguments do not fit, in bpftrace's words; None if they do.

    A kind of None has no value.
    """
    if len(kinds) != len(expected):
        lack = "not enough" if len(kinds) < len(expected) else "too many"
        return (
            f"{lack} arguments for format string ({len(kinds)} supplied, {len(expected)} expected)"
        )
    for conversion, kind in zip(expected, kinds):
        message = _check_one(conversion.specifier, kind)
        if message:
            return message
    return None


def _check_one(specifier: str, kind: Kind | None) -> str | None:
    if kind is None:
        return f"unable to print none type for specifier: {specifier}"
    if specifier not in _TEXT:
        return f"unsupported format specifier: {specifier}"
    if specifier == "s":
        return None
    accepted = kind.octets if specifier in _OCTETS else kind.integral
    if accepted:
        return None
    return f"unsupported format specifier for type '{kind.type_name()}': {specifier}"


def convert(conversion: Conversion, kind: Kind, value: Any) -> bytes:
    """The bytes that a conversion prints for a decoded value of a kind that `check` let pass."""
    return _TEXT[conversion.specifier](conversion, kind, value)


def encode(text: str) -> bytes:
    """Text as the terminal gets it; bytes that were never UTF-8 come back as they were."""
    return text.encode("utf-8", "surrogateescape")


def _pad(conversion: Conversion, body: bytes) -> bytes:
    """Fill up to the width: with zeros if `0` was given, on whichever side and of whatever."""
    fill = b"0" if "0" in conversion.flags else b" "
    if "-" in conversion.flags:
        return body.ljust(conversion.width, fill)
    return body.rjust(conversion.width, fill)


def _signed(conversion: Conversion, kind: Kind, value: int) -> bytes:
    half = 1 << (8 * conversion.integer_size - 1)
    number = (value + half) % (2 * half) - half
    return _pad(conversion, b"%+d" % number if "+" in conversion.flags else b"%d" % number)


def _unsigned(form: bytes, prefix: bytes) -> Callable[[Conversion, Kind, int], bytes]:
    def text(conversion: Conversion, kind: Kind, value: int) -> bytes:
        number = value & ((1 << 8 * conversion.integer_size) - 1)
        based = prefix if number and "#" in conversion.flags else b""
        return _pad(conversion, based + form % number)

    return text


def _character(conversion: Conversion, kind: Kind, value: int) -> bytes:
    return _pad(conversion, bytes((value & 0xFF,)))


def _pointer(conversion: Conversion, kind: Kind, value: int) -> bytes:
    number = value & 0xFFFFFFFFFFFFFFFF
    return _pad(conversion, b"0x%x" % number if number else b"0")


def _string(conversion: Conversion, kind: Kind, value: Any) -> bytes:
    """The width goes to the first thing that a composite prints: its bracket."""
    body = encode(kind.text(value))
    if "+" in conversion.flags and kind.plus and value >= 0:
        body = b"+" + body
    head = len(kind.opening) if conversion.width and kind.opening and value else len(body)
    return _pad(conversion, body[:head]) + body[head:]


def _gfp_flags(conversion: Conversion, kind: Kind, value: int) -> bytes:
    from aotrace.runtime.gfp import gfp_text

    return _pad(conversion, encode(gfp_text(value & 0xFFFFFFFFFFFFFFFF)))


def _octets(plain: bool, form: str, between: str) -> Callable[[Conversion, Kind, bytes], bytes]:
    """A byte string; `plain` leaves printable ASCII as it is."""

    def text(conversion: Conversion, kind: Kind, value: bytes) -> bytes:
        shown = (chr(b) if plain and 32 <= b <= 126 else form % b for b in value)
        return _pad(conversion, encode(between.join(shown)))

    return text


_OCTETS = ("r", "rx", "rh")

#: Every specifier that prints, with what prints it.
_TEXT: dict[str, Callable[[Conversion, Kind, Any], bytes]] = {
    "d": _signed,
    "i": _signed,
    "u": _unsigned(b"%d", b""),
    "o": _unsigned(b"%o", b"0"),
    "x": _unsigned(b"%x", b"0x"),
    "X": _unsigned(b"%X", b"0X"),
    "c": _character,
    "p": _pointer,
    "s": _string,
    "gr": _gfp_flags,
    "r": _octets(True, "\\x%02x", ""),
    "rx": _octets(False, "\\x%02x", ""),
    "rh": _octets(False, "%02x", " "),
}
