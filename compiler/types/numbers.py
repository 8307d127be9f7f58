"""Booleans, integers and enums; what a literal is, and which numbers a type holds."""

from __future__ import annotations

from dataclasses import field, replace

from aotrace.compiler.frozen import dataclass
from aotrace.compiler.types.base import Space, Type
from aotrace.runtime import values
from aotrace.runtime.values import Kind


@dataclass(frozen=True)
class Bool(Type):
    scalar = True

    @property
    def kind(self) -> Kind:
        return values.BoolKind()

    def __str__(self) -> str:
        return "bool"


@dataclass(frozen=True)
class Int(Type):
    """An integer of `width` bytes; flexible: from a non-negative literal, takes either sign.

    clock: which clock it counts the nanoseconds of (runtime/values/time.py), where that is known.
    space: which memory it is an address of, if that has been said.
    """

    width: int
    signed: bool
    flexible: bool = field(default=False, compare=False)
    clock: str = field(default="", compare=False)
    space: Space = field(default=Space.NONE, compare=False)
    scalar = True
    family = "int"

    @property
    def kind(self) -> Kind:
        return values.IntKind(self.width, self.signed)

    @property
    def bits(self) -> int:
        return self.width * 8

    def __str__(self) -> str:
        return f"{'' if self.signed else 'u'}int{self.bits}"


INT64 = Int(8, True)
UINT64 = Int(8, False)
UINT32 = Int(4, False)
UINT16 = Int(2, False)
UINT8 = Int(1, False)


@dataclass(frozen=True)
class EnumType(Int):
    """A kernel enum: an integer with names."""

    name: str = ""
    enumerators: tuple[tuple[str, int], ...] = field(default=(), compare=False, repr=False)

    @property
    def kind(self) -> Kind:
        names = {str(value): name for name, value in reversed(self.enumerators)}
        return values.EnumKind(self.width, self.signed, names)

    def __str__(self) -> str:
        return f"enum {self.name or '(anonymous)'}"


def literal(value: int) -> Int:
    """The type of an integer literal: the smallest signed one that holds it, else uint64."""
    for width in (1, 2, 4, 8):
        if -(1 << (width * 8 - 1)) <= value < 1 << (width * 8 - 1):
            return Int(width, True, flexible=value >= 0)
    return UINT64


def unflexed(item: Type) -> Type:
    """The type without the freedom of a literal."""
    return replace(item, flexible=False) if isinstance(item, Int) else item


def cut(kind: Int, value: int) -> int:
    """What is left of a value in an integer type."""
    value &= (1 << kind.bits) - 1
    return value - (1 << kind.bits) if kind.signed and value >> (kind.bits - 1) else value


def holds(kind: Int, value: int) -> bool:
    """Whether an integer type has the value."""
    low = -(1 << (kind.bits - 1)) if kind.signed else 0
    return low <= value < low + (1 << kind.bits)
