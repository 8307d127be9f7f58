"""Bytes as they are: the value of buf()."""

from __future__ import annotations

import struct

from aotrace.runtime.values.base import Kind

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from aotrace.runtime.values.base import Buffer

_LENGTH = struct.Struct("<I")


class BufferKind(Kind):
    """A u32, how many bytes there are, then room for `capacity` bytes; zeros behind those."""

    tag = "buffer"
    align = 4
    octets = True
    fields = {"capacity": int}
    data_offset = _LENGTH.size

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self.size = -(-(self.data_offset + capacity) // self.align) * self.align

    def layout(self) -> tuple[tuple[str, int, str], ...]:
        return (("length", 0, "u32"), ("data", self.data_offset, f"u8[{self.capacity}]"))

    def decode(self, raw: Buffer, offset: int) -> bytes:
        (length,) = _LENGTH.unpack_from(raw, offset)
        start = offset + self.data_offset
        return bytes(raw[start : start + min(length, self.capacity)])

    def text(self, value: bytes) -> str:
        return "".join(chr(byte) if 32 <= byte <= 126 else f"\\x{byte:02x}" for byte in value)

    def json(self, value: bytes) -> Any:
        """Signed numbers, as bpftrace has it; as a key its text."""
        return [byte - 256 if byte > 127 else byte for byte in value]

    def json_key(self, value: bytes) -> str:
        return self.text(value)

    def type_name(self) -> str:
        return f"buffer[{self.capacity}]"
