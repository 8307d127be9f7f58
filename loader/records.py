"""From runs of equal records to text: what a printf event compiles to.

A run of n records is unpacked by one struct and printed by one `%` of the format repeated n times.
Numbers go straight in; a cast to fewer bytes is a matter of unpacking fewer. Everything else is
unpacked as bytes and looked up in a memo of what those bytes print as.
"""

from __future__ import annotations

import struct

from aotrace.runtime.printf import Conversion, convert, encode, parse

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from aotrace.runtime.metadata import Event
    from aotrace.runtime.values import Kind

_SIGNED = {1: "b", 2: "h", 4: "i", 8: "q"}
_UNSIGNED = {1: "B", 2: "H", 4: "I", 8: "Q"}
_UNSIGNED_CODES = "BHIQ?"
_DIGITS = {"d": "d", "i": "d", "u": "d", "x": "x", "X": "X", "o": "o"}
#: Records unpacked at once. A run is cut into these, since each has its own compiled struct.
_CHUNKS = (256, 64, 16, 4, 1)
_MEMO_SIZE = 4096


class Column:
    """One argument: how it is unpacked, its `%` in the template, and what it is shown as first."""

    def __init__(self, code: str, form: bytes, shown: Callable[[bytes], bytes] | None) -> None:
        self.code = code
        self.form = form
        self.shown = shown


class Memo(dict[bytes, bytes]):
    """What raw bytes print as. It starts anew when it has grown, so that it stays small."""

    def __init__(self, show: Callable[[bytes], bytes]) -> None:
        super().__init__()
        self._show = show

    def __missing__(self, raw: bytes) -> bytes:
        if len(self) >= _MEMO_SIZE:
            self.clear()
        text = self[raw] = self._show(raw)
        return text


class RecordFormat:
    """A printf event, compiled: records in, text out.

    `lead` is how many bytes stand before each record where it is read from.
    """

    def __init__(self, event: Event, lead: int) -> None:
        pieces = parse(event.details["format"])
        conversions = iter(event.args)
        columns, form = [], b""
        for piece in pieces:
            if isinstance(piece, Conversion):
                column = plan(piece, next(conversions)[1])
                columns.append(column)
                form += column.form
            else:
                form += encode(piece).replace(b"%", b"%%")
        self._form = form
        self._width = len(columns)
        self._stride = lead + event.size
        self._codes = _record_codes(event, columns, lead)
        self._shown = [(i, c.shown) for i, c in enumerate(columns) if c.shown]
        self._chunks = {size: self._compile(size) for size in (1,)}

    def _compile(self, count: int) -> tuple[Callable[..., tuple[Any, ...]], bytes]:
        return struct.Struct("<" + self._codes * count).unpack_from, self._form * count

    def text(self, data: Any, offset: int, count: int) -> bytes:
        """What `count` records print, the first at `offset`."""
        if count == 1:
            unpack, form = self._chunks[1]
            return form % self._values(unpack(data, offset))
        parts = []
        for size in _CHUNKS:
            if count >= size and size not in self._chunks:
                self._chunks[size] = self._compile(size)
            while count >= size:
                unpack, form = self._chunks[size]
                parts.append(form % self._values(unpack(data, offset)))
                offset += size * self._stride
                count -= size
        return b"".join(parts)

    def texts(self, data: Any, offset: int, count: int) -> list[bytes]:
        """As text(), each record's apart."""
        stride = self._stride
        return [self.text(data, offset + i * stride, 1) for i in range(count)]

    def _values(self, values: tuple[Any, ...]) -> tuple[Any, ...]:
        """Turn what is shown as text into text, column by column."""
        if not self._shown:
            return values
        row = list(values)
        for index, shown in self._shown:
            row[index :: self._width] = map(shown, row[index :: self._width])
        return tuple(row)


def _record_codes(event: Event, columns: list[Column], lead: int) -> str:
    """The struct codes of one record with what stands before it; gaps are skipped."""
    codes, at = "", -lead
    for (offset, _), column in zip(event.args, columns):
        codes += f"{offset - at}x{column.code}"
        at = offset + struct.calcsize("<" + column.code)
    return f"{codes}{event.size - at}x"


def plan(conversion: Conversion, kind: Kind) -> Column:
    """How an argument is unpacked and printed."""
    column = _number(conversion, kind)
    if column:
        return column
    show = Memo(lambda raw: convert(conversion, kind, kind.decode(raw, 0)))
    return Column(f"{kind.size}s", b"%s", show.__getitem__)


def _number(conversion: Conversion, kind: Kind) -> Column | None:
    """A column that needs no lookup: a number that Python's `%` prints as bpftrace does."""
    code = _cast(conversion, kind)
    if code is None or "#" in conversion.flags:
        return None
    signed = code not in _UNSIGNED_CODES
    flags = "".join(flag for flag in "-0" if flag in conversion.flags)
    if "+" in conversion.flags and conversion.specifier in "di":
        flags += "+"
    if "0" in flags and (signed or flags != "0" or conversion.specifier == "c"):
        return None  # zeros go before a sign, and after a number on the left
    width = str(conversion.width or "")
    digits = _DIGITS.get(conversion.specifier, "c" if conversion.specifier == "c" else "d")
    return Column(code, f"%{flags}{width}{digits}".encode(), None)


def _cast(conversion: Conversion, kind: Kind) -> str | None:
    """The struct code that unpacks a number as the conversion casts it; None if none does.

    Fewer bytes than it has: those, little-endian. More: all of it, unless a sign would have to be
    spread into an unsigned number.
    """
    specifier, code = conversion.specifier, kind.code
    if not kind.integral or code is None:
        return None
    if specifier == "s":
        return code if kind.decimal and "+" not in conversion.flags else None
    if specifier == "c":
        return "B" if code != "?" else code
    if specifier not in _DIGITS:
        return None
    size, signed = conversion.integer_size, specifier in "di"
    if size <= kind.size and code != "?":
        return (_SIGNED if signed else _UNSIGNED)[size]
    return code if signed or code in _UNSIGNED_CODES else None
