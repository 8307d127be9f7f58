"""What every type is, and the one without values."""

from __future__ import annotations

from enum import Enum

from aotrace.compiler.frozen import dataclass
from aotrace.runtime.values import Kind


class Space(Enum):
    """Which memory a pointer points into."""

    KERNEL = "kernel"
    USER = "user"
    OWN = "own"  # the program's: variables, values of maps; kernel structs are copies there
    NONE = "none"  # nothing is known: read as kernel memory
    OPEN = "open"  # a script's type, which does not say: that of what is assigned

    def joined(self, other: Space) -> Space:
        """Where a pointer points that may be of either."""
        if Space.OPEN in (self, other):
            return other if self is Space.OPEN else self
        return self if self is other else Space.NONE


@dataclass(frozen=True)
class Type:
    """Any type."""

    @property
    def kind(self) -> Kind:
        """How a value is stored. Raises TypeError for a type that has no values."""
        raise TypeError(f"no value of type {self}")

    @property
    def size(self) -> int:
        """Bytes that a value takes in the program's memory."""
        return self.kind.size

    @property
    def extent(self) -> int:
        """Bytes that it has in C's memory, which are others where structs are copied."""
        return self.size

    @property
    def scalar(self) -> bool:
        """True when a value fits a register: integers, booleans, pointers."""
        return False

    @property
    def family(self) -> str:
        """What sort of type it is, in typeinfo's words."""
        return str(self).partition("[")[0]


@dataclass(frozen=True)
class NoneType(Type):
    """No value: statements, and expressions whose type is not known yet."""

    def __str__(self) -> str:
        return "none"


NONE = NoneType()
