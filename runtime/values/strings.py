"""Character strings. Bytes that are not UTF-8 survive by surrogateescape."""

from __future__ import annotations

from aotrace.runtime.values.base import Buffer, Kind, Spec


class StrKind(Kind):
    """A string in a fixed array; it ends at the first NUL or at the array's end.

    `padded` says that every byte after the NUL is zero, which lets a reader skip the search for it.
    """

    tag = "str"
    align = 1

    def __init__(self, size: int, padded: bool = False) -> None:
        self.size = size
        self.padded = padded
        self.code = f"{size}s" if padded else None

    def parameters(self) -> Spec:
        return {"size": self.size, "padded": self.padded}

    def layout(self) -> tuple[tuple[str, int, str], ...]:
        return (("", 0, f"char[{self.size}]"),)

    def decode(self, raw: Buffer, offset: int) -> str:
        return (
            bytes(raw[offset : offset + self.size])
            .partition(b"\0")[0]
            .decode("utf-8", "surrogateescape")
        )
