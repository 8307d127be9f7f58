"""Types as they are written."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from aotrace.compiler.frozen import dataclass
from aotrace.compiler.syntax.nodes.base import Node

if TYPE_CHECKING:
    from aotrace.compiler.syntax.nodes.expressions import Expr


@dataclass(frozen=True)
class NamedType(Node):
    """`int32`, `struct sock`, `enum x`, `string`, `size_t`; tag is "", struct, union or enum."""

    tag: str
    name: str


@dataclass(frozen=True)
class PointerTo(Node):
    """`T *`."""

    target: TypeExpr


@dataclass(frozen=True)
class ArrayOf(Node):
    """`T[N]`, also `string[N]`, `buffer[N]`, `inet[N]`; count None for `T[]`."""

    element: TypeExpr
    count: int | None


@dataclass(frozen=True)
class TupleType(Node):
    """`(T1, T2)`."""

    items: tuple[TypeExpr, ...]


@dataclass(frozen=True)
class TypeOf(Node):
    """`typeof(expression or type)`."""

    operand: Expr | TypeExpr


TypeExpr: TypeAlias = NamedType | PointerTo | ArrayOf | TupleType | TypeOf
