"""Integers, booleans, pointers and enums."""

from __future__ import annotations

import struct

from aotrace.runtime.values.base import Kind, json_number, quotient, unpack_many

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from aotrace.runtime.values.base import Buffer

_CODES = {(1, True): "b", (2, True): "h", (4, True): "i", (8, True): "q",
          (1, False): "B", (2, False): "H", (4, False): "I", (8, False): "Q"}  # fmt: skip


class CodedKind(Kind):
    """A number that one struct code unpacks."""

    code: str
    integral = True

    def decode(self, raw: Buffer, offset: int) -> Any:
        return struct.unpack_from("<" + self.code, raw, offset)[0]

    def decode_many(self, raw: Buffer, count: int, stride: int, offset: int = 0) -> list[Any]:
        return unpack_many(self.code, raw, count, stride, offset)


class IntKind(CodedKind):
    """A signed or unsigned integer of 1, 2, 4 or 8 bytes, little-endian."""

    tag = "int"
    decimal = True
    fields = {"size": int, "signed": bool}

    def __init__(self, size: int, signed: bool) -> None:
        self.size = self.align = size
        self.signed = self.plus = signed
        self.code = _CODES[size, signed]

    def layout(self) -> tuple[tuple[str, int, str], ...]:
        return (("", 0, f"{'s' if self.signed else 'u'}{self.size * 8}"),)

    def json(self, value: int) -> Any:
        return json_number(value)

    def type_name(self) -> str:
        return f"{'' if self.signed else 'u'}int{self.size * 8}"

    def order(self, value: int) -> int:
        """Keys are compared as signed, signed or not (bpftrace: types_format.cpp, sort_by_key)."""
        half = 1 << (8 * self.size - 1)
        return value - 2 * half if value >= half else value

    def order_many(self, values: Sequence[int]) -> Sequence[int]:
        return values if self.signed else super().order_many(values)

    def rank(self, value: int) -> int:
        return value

    def scaled(self, value: int, divisor: int) -> int:
        return quotient(value, divisor)


class BoolKind(CodedKind):
    """A boolean in one byte."""

    tag = "bool"
    code = "?"

    def __init__(self) -> None:
        self.size = self.align = 1

    def layout(self) -> tuple[tuple[str, int, str], ...]:
        return (("", 0, "u8"),)

    def text(self, value: bool) -> str:
        return "true" if value else "false"


class PointerKind(CodedKind):
    """An address: hexadecimal in text, a number in JSON."""

    tag = "pointer"
    code = "Q"

    def __init__(self) -> None:
        self.size = self.align = 8

    def layout(self) -> tuple[tuple[str, int, str], ...]:
        return (("", 0, "u64"),)

    def text(self, value: int) -> str:
        return hex(value)

    def json(self, value: int) -> Any:
        return json_number(value)


class EnumKind(IntKind):
    """An integer that prints as its enumerator's name where it has one.

    `names` go by the number in decimal.
    """

    tag = "enum"
    decimal = False
    fields = {"size": int, "signed": bool, "names": dict}

    def __init__(self, size: int, signed: bool, names: dict[str, str]) -> None:
        super().__init__(size, signed)
        if not all(isinstance(text, str) for pair in names.items() for text in pair):
            raise ValueError(f"names of an enum: {names!r}")
        self.plus = False
        self.names = names

    def text(self, value: int) -> str:
        return self.names.get(str(value)) or str(self._unsigned(value))

    def json(self, value: int) -> Any:
        return json_number(self._unsigned(value))

    def type_name(self) -> str:
        return "enum"

    def scaled(self, value: int, divisor: int) -> int:
        return value

    def _unsigned(self, value: int) -> int:
        return value & ((1 << 8 * self.size) - 1)
