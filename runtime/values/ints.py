"""Integers, booleans, pointers and enums."""

from __future__ import annotations

import struct

from aotrace.runtime.values.base import Buffer, Kind, Spec

_CODES = {(1, True): "b", (2, True): "h", (4, True): "i", (8, True): "q",
          (1, False): "B", (2, False): "H", (4, False): "I", (8, False): "Q"}  # fmt: skip


class IntKind(Kind):
    """A signed or unsigned integer of 1, 2, 4 or 8 bytes, little-endian."""

    tag = "int"

    def __init__(self, size: int, signed: bool) -> None:
        self.size = self.align = size
        self.signed = signed
        self.code = _CODES[size, signed]

    def parameters(self) -> Spec:
        return {"size": self.size, "signed": self.signed}

    def layout(self) -> tuple[tuple[str, int, str], ...]:
        return (("", 0, f"{'s' if self.signed else 'u'}{self.size * 8}"),)

    def decode(self, raw: Buffer, offset: int) -> int:
        value: int = struct.unpack_from("<" + str(self.code), raw, offset)[0]
        return value


class BoolKind(Kind):
    """A boolean in one byte."""

    tag = "bool"
    code = "?"

    def __init__(self) -> None:
        self.size = self.align = 1

    def layout(self) -> tuple[tuple[str, int, str], ...]:
        return (("", 0, "u8"),)

    def decode(self, raw: Buffer, offset: int) -> bool:
        return bool(raw[offset])

    def text(self, value: bool) -> str:
        return "true" if value else "false"


class PointerKind(Kind):
    """An address: hexadecimal in text, a number in JSON."""

    tag = "pointer"
    code = "Q"

    def __init__(self) -> None:
        self.size = self.align = 8

    def layout(self) -> tuple[tuple[str, int, str], ...]:
        return (("", 0, "u64"),)

    def decode(self, raw: Buffer, offset: int) -> int:
        value: int = struct.unpack_from("<Q", raw, offset)[0]
        return value

    def text(self, value: int) -> str:
        return hex(value)


class EnumKind(IntKind):
    """An integer that prints as its enumerator's name where it has one."""

    tag = "enum"

    def __init__(self, size: int, signed: bool, names: dict[str, str]) -> None:
        super().__init__(size, signed)
        self.names = names

    def parameters(self) -> Spec:
        return {**super().parameters(), "names": self.names}

    def text(self, value: int) -> str:
        return self.names.get(str(value), str(value))

    def json(self, value: int) -> int | str:
        return self.names.get(str(value), value)
