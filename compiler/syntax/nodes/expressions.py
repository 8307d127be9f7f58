"""Expressions."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING, TypeAlias

from aotrace.compiler.frozen import dataclass
from aotrace.compiler.source import Span
from aotrace.compiler.syntax.nodes.base import Node
from aotrace.compiler.syntax.nodes.types import TypeExpr

if TYPE_CHECKING:
    from aotrace.compiler.syntax.nodes.statements import Stmt


@dataclass(frozen=True)
class IntLit(Node):
    """An integer literal after scaling; suffix as written ("", "u", "ull", "ms" …), lower case."""

    value: int
    suffix: str = ""


@dataclass(frozen=True)
class StrLit(Node):
    """A string literal after escapes, as the bytes it stands for."""

    value: bytes


@dataclass(frozen=True)
class BoolLit(Node):
    """`true` or `false`."""

    value: bool


@dataclass(frozen=True)
class Ident(Node):
    """A bare name: builtin, enum constant, macro constant."""

    name: str


@dataclass(frozen=True)
class Var(Node):
    """A scratch variable; name without the `$`.

    mark: 0 for one of the script's own text; those that a macro's body brings along have the
    number of the expansion, so that no two of them are the same variable.
    """

    name: str
    mark: int = field(default=0, repr=False)


@dataclass(frozen=True)
class MapRef(Node):
    """A map as a whole; name without the `@` (empty for `@`)."""

    name: str


@dataclass(frozen=True)
class MapAccess(Node):
    """`@m[k]`; several keys arrive as one TupleLit."""

    map: MapRef
    key: Expr


@dataclass(frozen=True)
class Param(Node):
    """A positional parameter `$1`."""

    index: int


@dataclass(frozen=True)
class ParamCount(Node):
    """`$#`."""


@dataclass(frozen=True)
class Call(Node):
    """`name(args)`; name_span is the name alone. A type may stand as an argument."""

    name: str
    args: tuple[Expr | TypeExpr, ...]
    name_span: Span = field(compare=False, repr=False)


@dataclass(frozen=True)
class Index(Node):
    """`base[index]` where base is not a map."""

    base: Expr
    index: Expr


@dataclass(frozen=True)
class Member(Node):
    """`base.name` (arrow False) or `base->name` (arrow True); field_span is the name alone."""

    base: Expr
    name: str
    arrow: bool
    field_span: Span = field(compare=False, repr=False)


@dataclass(frozen=True)
class TupleItem(Node):
    """`base.0`."""

    base: Expr
    index: int


@dataclass(frozen=True)
class Unary(Node):
    """op is one of - + ! ~ * &."""

    op: str
    operand: Expr


@dataclass(frozen=True)
class IncDec(Node):
    """`++x`, `x++`, `--x`, `x--`; target is a Var, MapRef or MapAccess."""

    op: str
    target: Expr
    prefix: bool


@dataclass(frozen=True)
class Binary(Node):
    """op is one of * / % + - << >> < <= > >= == != & ^ | && ||."""

    op: str
    left: Expr
    right: Expr
    op_span: Span = field(compare=False, repr=False)


@dataclass(frozen=True)
class Ternary(Node):
    """`cond ? then : other`; then None for `cond ?: other`."""

    condition: Expr
    then: Expr | None
    other: Expr


@dataclass(frozen=True)
class Cast(Node):
    """`(type)operand`."""

    type: TypeExpr
    operand: Expr


@dataclass(frozen=True)
class Sizeof(Node):
    """`sizeof(type or expression)`."""

    operand: Expr | TypeExpr


@dataclass(frozen=True)
class Offsetof(Node):
    """`offsetof(type or expression, a.b.c)`."""

    operand: Expr | TypeExpr
    path: tuple[str, ...]


@dataclass(frozen=True)
class TypeInfo(Node):
    """`typeinfo(type or expression)`."""

    operand: Expr | TypeExpr


@dataclass(frozen=True)
class TupleLit(Node):
    """`(a, b)`, `(a,)`, `()`, and the keys of `@m[a, b]`."""

    items: tuple[Expr, ...]


@dataclass(frozen=True)
class RecordField(Node):
    """`name = value` in a record literal."""

    name: str
    value: Expr


@dataclass(frozen=True)
class RecordLit(Node):
    """`(a = 1, b = "x")`."""

    fields: tuple[RecordField, ...]


@dataclass(frozen=True)
class BlockExpr(Node):
    """`{ statements; value }` used as an expression."""

    statements: tuple[Stmt, ...]
    value: Expr


@dataclass(frozen=True)
class Comptime(Node):
    """`comptime operand`: the value must be known at compile time."""

    operand: Expr


Expr: TypeAlias = (
    IntLit | StrLit | BoolLit | Ident | Var | MapRef | MapAccess | Param | ParamCount | Call
    | Index | Member | TupleItem | Unary | IncDec | Binary | Ternary | Cast | Sizeof | Offsetof
    | TypeInfo | TupleLit | RecordLit | BlockExpr | Comptime
)  # fmt: skip
