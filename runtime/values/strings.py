"""Character strings. Bytes that are not UTF-8 survive by surrogateescape."""

from __future__ import annotations

from aotrace.runtime.values.base import Kind, unpack_many

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from aotrace.runtime.values.base import Buffer


class StrKind(Kind):
    """A string in a fixed array; it ends at the first NUL.

    One without a NUL was cut off, which `trailer` shows, unless `whole` says that the array held
    all of it. `padded` says that every byte after the NUL is zero, which lets a reader skip the
    search for it.
    """

    tag = "str"
    align = 1
    fields = {"size": int, "padded": bool, "whole": bool}
    #: of every string of a trace: the config variable str_trunc_trailer
    trailer = ".."

    def __init__(self, size: int, padded: bool = False, whole: bool = False) -> None:
        self.size = size
        self.padded = padded
        self.whole = whole
        self.code = f"{size}s" if padded else None

    def layout(self) -> tuple[tuple[str, int, str], ...]:
        return (("", 0, f"char[{self.size}]"),)

    def decode(self, raw: Buffer, offset: int) -> str:
        text, end, _ = bytes(raw[offset : offset + self.size]).partition(b"\0")
        cut = not end and not self.whole
        return text.decode("utf-8", "surrogateescape") + (self.trailer if cut else "")

    def decode_many(self, raw: Buffer, count: int, stride: int, offset: int = 0) -> list[str]:
        """Equal strings, of which there are often many, are decoded once."""
        known: dict[bytes, str] = {}
        values = unpack_many(f"{self.size}s", raw, count, stride, offset)
        for value in values:
            if value not in known:
                known[value] = self.decode(value, 0)
        return [known[value] for value in values]

    def order(self, value: str) -> bytes:
        """Keys are compared byte by byte."""
        return value.encode("utf-8", "surrogateescape")

    def order_many(self, values: Sequence[str]) -> Sequence[str | bytes]:
        """Text in UTF-8 has the order of its bytes; only what is not UTF-8 needs them."""
        try:
            "".join(values).encode()
        except UnicodeEncodeError:
            return super().order_many(values)
        return values

    def type_name(self) -> str:
        return f"string[{self.size}]"
