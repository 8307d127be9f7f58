"""Strings and bytes."""

from __future__ import annotations

from dataclasses import field

from aotrace.compiler.frozen import dataclass
from aotrace.compiler.types.base import Type
from aotrace.runtime import values
from aotrace.runtime.values import Kind


@dataclass(frozen=True)
class Str(Type):
    """A string in `capacity` bytes, its NUL included; padded: zeros follow the NUL.

    whole: it was not cut, even if it fills its place without a NUL.
    """

    capacity: int
    padded: bool = field(default=True, compare=False)
    whole: bool = field(default=False, compare=False)

    @property
    def kind(self) -> Kind:
        return values.StrKind(self.capacity, self.padded, self.whole)

    def __str__(self) -> str:
        return f"string[{self.capacity}]"


@dataclass(frozen=True)
class Buffer(Type):
    """Bytes with their number, up to `capacity`."""

    capacity: int

    @property
    def kind(self) -> Kind:
        return values.BufferKind(self.capacity)

    def __str__(self) -> str:
        return f"buffer[{self.capacity}]"
