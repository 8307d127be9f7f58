"""The AST: frozen nodes for the whole language, each with the span it was written in.

Equality ignores spans, so that a printed and re-parsed program compares equal. Passes that attach
facts to nodes key them by identity (see sema/tables.py), never by equality.
"""

from __future__ import annotations

from dataclasses import field
from typing import TypeAlias

from aotrace.compiler.frozen import dataclass
from aotrace.compiler.source import Span
from aotrace.compiler.syntax.ctokens import CToken


@dataclass(frozen=True)
class Node:
    """Anything that stands in a script."""

    span: Span = field(compare=False, repr=False)


# --- types as written ------------------------------------------------------------------------


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


# --- expressions -----------------------------------------------------------------------------


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


# --- statements ------------------------------------------------------------------------------


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


# --- top level -------------------------------------------------------------------------------


@dataclass(frozen=True)
class AttachPoint(Node):
    """One attach point as written, unquoted and split at its colons: `kprobe:vmlinux:tcp_*`.

    parts[0] is the provider as written; quoted parts have lost their quotes. label is the name in
    `name=kprobe:f`. params tells where positional parameters stand: (part, offset in it, index),
    so ("kprobe", "$1") has ((1, 0, 1),); a quoted "$1" is text and is not listed.
    """

    parts: tuple[str, ...]
    label: str = ""
    params: tuple[tuple[int, int, int], ...] = ()

    @property
    def text(self) -> str:
        return ":".join(self.parts)


@dataclass(frozen=True)
class Probe(Node):
    """`point, point /predicate/ { … }`."""

    points: tuple[AttachPoint, ...]
    predicate: Expr | None
    body: Block


@dataclass(frozen=True)
class CDefinition(Node):
    """A C `struct`, `union`, `enum` or `typedef` of the preamble; cdecl/ reads what it means.

    text and words have the preprocessor's macros expanded.
    """

    text: str
    words: tuple[CToken, ...] = field(compare=False, repr=False)


@dataclass(frozen=True)
class ConfigItem(Node):
    """`name = value` of a config block; value int, bytes, bool or a bare word as str."""

    name: str
    value: int | bytes | bool | str


@dataclass(frozen=True)
class MapDecl(Node):
    """`let @m = kind(max_entries);`."""

    map: MapRef
    kind: str
    max_entries: Expr


@dataclass(frozen=True)
class MacroDef(Node):
    """`macro name(params) { … }`; body is a Block or, for an expression macro, a BlockExpr."""

    name: str
    params: tuple[Expr | TypeExpr, ...]
    body: Block | BlockExpr


@dataclass(frozen=True)
class FunctionParam(Node):
    """`$x : type` of a function."""

    var: Var
    type: TypeExpr


@dataclass(frozen=True)
class FunctionDef(Node):
    """`fn name($x : type) : result { … }`."""

    name: str
    params: tuple[FunctionParam, ...]
    result: TypeExpr
    body: Block


@dataclass(frozen=True)
class Program(Node):
    """A whole script."""

    definitions: tuple[CDefinition, ...]
    config: tuple[ConfigItem, ...]
    imports: tuple[Import, ...]
    map_decls: tuple[MapDecl, ...]
    macros: tuple[MacroDef, ...]
    probes: tuple[Probe, ...]
    functions: tuple[FunctionDef, ...] = ()
