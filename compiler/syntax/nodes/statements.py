"""Statements."""

from __future__ import annotations

from dataclasses import field
from typing import TypeAlias

from aotrace.compiler.frozen import dataclass
from aotrace.compiler.source import Span
from aotrace.compiler.syntax.nodes.base import Node
from aotrace.compiler.syntax.nodes.expressions import Expr, MapRef, Var
from aotrace.compiler.syntax.nodes.types import TypeExpr


@dataclass(frozen=True)
class Block(Node):
    """`{ statements }`: a scope of its own."""

    statements: tuple[Stmt, ...]


@dataclass(frozen=True)
class ExprStmt(Node):
    """An expression for its effect."""

    value: Expr


@dataclass(frozen=True)
class Assign(Node):
    """`target op value;` with op "=", "+=" …; target is a Var, MapRef or MapAccess."""

    target: Expr
    op: str
    value: Expr
    op_span: Span = field(compare=False, repr=False)


@dataclass(frozen=True)
class Discard(Node):
    """`_ = value;`."""

    value: Expr


@dataclass(frozen=True)
class Let(Node):
    """`let $x: type = value;` with type and value optional."""

    var: Var
    type: TypeExpr | None
    value: Expr | None


@dataclass(frozen=True)
class If(Node):
    """`if (c) {…} else …`; other is None, a Block or another If."""

    condition: Expr
    then: Block
    other: Block | If | None


@dataclass(frozen=True)
class While(Node):
    """`while (condition) { … }`."""

    condition: Expr
    body: Block


@dataclass(frozen=True)
class Unroll(Node):
    """`unroll(count) { … }`: the body so many times over."""

    count: Expr
    body: Block


@dataclass(frozen=True)
class ForRange(Node):
    """`for ($i : first..last)`; last is excluded."""

    var: Var
    first: Expr
    last: Expr
    body: Block


@dataclass(frozen=True)
class ForMap(Node):
    """`for ($kv : @map)`."""

    var: Var
    map: MapRef
    body: Block


@dataclass(frozen=True)
class Jump(Node):
    """`break` or `continue`."""

    kind: str


@dataclass(frozen=True)
class Return(Node):
    """`return value;`."""

    value: Expr | None


@dataclass(frozen=True)
class Import(Node):
    """`import "path"`, at the top of a script or in a block."""

    path: str


Stmt: TypeAlias = (
    Block | ExprStmt | Assign | Discard | Let | If | While | Unroll | ForRange | ForMap | Jump
    | Return | Import
)  # fmt: skip
