"""Random trees for property tests: every kind of node, in any place the parser can make it."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any, TypeVar

from aotrace.compiler.source import Source, Span
from aotrace.compiler.syntax import nodes
from aotrace.compiler.syntax.literals import SUFFIXES
from aotrace.compiler.syntax.tokens import KEYWORDS
from hypothesis import strategies as st

PLACE = Span(Source("none", ""), 0, 0)
NAMES = ["a", "b_1", "_c", "pid", "comm", "arg0", "uint8", "foo_t", "config", "fn"]
BINARY = [
    "*",
    "/",
    "%",
    "+",
    "-",
    "<<",
    ">>",
    "<",
    "<=",
    ">",
    ">=",
    "==",
    "!=",
    "&",
    "^",
    "|",
    "&&",
    "||",
]
ASSIGN = ["=", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", "<<=", ">>="]

T = TypeVar("T")


class Maker:
    """Makes trees from a seed; depth says how many levels may still come."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.pick = self.random.choice

    def name(self) -> str:
        return self.pick(NAMES)

    def maybe(self, make: Callable[..., T], *args: Any) -> T | None:
        return make(*args) if self.random.random() < 0.5 else None

    def some(self, make: Callable[..., T], *args: Any, least: int = 0) -> tuple[T, ...]:
        return tuple(make(*args) for _ in range(self.random.randint(least, least + 2)))

    def text(self) -> str:
        odd = "\"\\/{,: '$*é\t\0=#]"
        return "".join(self.pick(odd + "abc123") for _ in range(self.random.randint(1, 8)))

    def string(self) -> bytes:
        return self.random.randbytes(self.random.randint(0, 6))

    # --- types -------------------------------------------------------------------------------

    def type(self, depth: int = 3) -> nodes.TypeExpr:
        kind = self.random.randrange(6) if depth > 0 else 0
        if kind == 1:
            return nodes.PointerTo(PLACE, self.type(depth - 1))
        if kind == 2:
            return nodes.ArrayOf(PLACE, self.type(depth - 1), self.maybe(self.random.randrange, 99))
        if kind == 3:
            return nodes.TypeOf(PLACE, self.operand(depth - 1))
        tag = self.pick(["", "", "struct", "union", "enum"])
        plain = ["uint64", "string", "size_t", "u8"]
        return nodes.NamedType(PLACE, tag, self.name() if tag else self.pick(plain))

    def operand(self, depth: int) -> nodes.Expr | nodes.TypeExpr:
        return self.type(depth) if self.random.random() < 0.5 else self.expression(depth)

    # --- expressions -------------------------------------------------------------------------

    def variable(self) -> nodes.Var:
        return nodes.Var(PLACE, self.name())

    def map(self) -> nodes.MapRef:
        return nodes.MapRef(PLACE, self.pick(["", *NAMES]))

    def access(self, depth: int) -> nodes.MapAccess:
        return nodes.MapAccess(PLACE, self.map(), self.expression(depth))

    def target(self, depth: int) -> nodes.Expr:
        targets: list[nodes.Expr] = [self.variable(), self.map(), self.access(depth)]
        return self.pick(targets)

    def integer(self) -> nodes.IntLit:
        suffix = self.pick(sorted(SUFFIXES))
        limit, scale = SUFFIXES[suffix]
        largest = self.pick([9, limit // scale])
        return nodes.IntLit(PLACE, self.random.randint(0, largest) * scale, suffix)

    def atom(self) -> nodes.Expr:
        atoms: list[nodes.Expr] = [
            self.integer(),
            nodes.StrLit(PLACE, self.string()),
            nodes.BoolLit(PLACE, self.pick([True, False])),
            nodes.Ident(PLACE, self.name()),
            self.variable(),
            self.map(),
            nodes.Param(PLACE, self.random.randint(1, 99)),
            nodes.ParamCount(PLACE),
        ]
        return self.pick(atoms)

    def expression(self, depth: int = 5) -> nodes.Expr:
        if depth <= 0 or self.random.random() < 0.2:
            return self.atom()
        make = self.pick(_EXPRESSIONS)
        made: nodes.Expr = make(self, depth - 1)
        return made

    def not_a_map(self, depth: int) -> nodes.Expr:
        base = self.expression(depth)
        return nodes.ParamCount(PLACE) if isinstance(base, nodes.MapRef) else base

    def argument(self, depth: int) -> nodes.Expr | nodes.TypeExpr:
        if self.random.random() < 0.2:
            return nodes.TypeOf(PLACE, self.operand(depth))
        return self.expression(depth)

    def record(self, depth: int) -> nodes.RecordLit:
        chosen = self.random.sample(NAMES, self.random.randint(1, 3))
        return nodes.RecordLit(
            PLACE, tuple(nodes.RecordField(PLACE, name, self.expression(depth)) for name in chosen)
        )

    # --- statements --------------------------------------------------------------------------

    def simple(self, depth: int) -> nodes.Stmt:
        make = self.pick(_SIMPLE)
        made: nodes.Stmt = make(self, depth)
        return made

    def statement(self, depth: int = 4) -> nodes.Stmt:
        if depth <= 0 or self.random.random() < 0.4:
            return self.simple(depth)
        make = self.pick(_COMPOUND)
        made: nodes.Stmt = make(self, depth - 1)
        return made

    def block(self, depth: int) -> nodes.Block:
        return nodes.Block(PLACE, self.some(self.statement, depth))

    def block_value(self, depth: int) -> nodes.BlockExpr:
        return nodes.BlockExpr(PLACE, self.some(self.statement, depth), self.expression(depth))

    def condition(self, depth: int) -> nodes.If:
        other = self.pick(
            [None, self.block(depth), self.condition(depth - 1) if depth > 0 else None]
        )
        return nodes.If(PLACE, self.expression(depth), self.block(depth), other)

    # --- top level ---------------------------------------------------------------------------

    def point(self) -> nodes.AttachPoint:
        return nodes.AttachPoint(PLACE, self.some(self.text, least=1))

    def probe(self) -> nodes.Probe:
        predicate = self.maybe(self.expression)
        return nodes.Probe(PLACE, self.some(self.point, least=1), predicate, self.block(3))

    def parameter(self) -> nodes.Expr:
        kinds: list[nodes.Expr] = [self.variable(), self.map(), nodes.Ident(PLACE, "x")]
        return self.pick(kinds)

    def macro(self) -> nodes.MacroDef:
        body = self.block_value(3) if self.random.random() < 0.5 else self.block(3)
        return nodes.MacroDef(PLACE, self.name(), self.some(self.parameter), body)

    def function(self) -> nodes.FunctionDef:
        params = self.some(lambda: nodes.FunctionParam(PLACE, self.variable(), self.type()))
        return nodes.FunctionDef(PLACE, self.name(), params, self.type(), self.block(3))

    def setting(self) -> nodes.ConfigItem:
        values: list[int | bytes | bool | str] = [self.random.randrange(2**64), self.string()]
        return nodes.ConfigItem(PLACE, self.name(), self.pick([*values, True, False, "perf"]))

    def import_(self) -> nodes.Import:
        return nodes.Import(PLACE, self.text())

    def map_declaration(self) -> nodes.MapDecl:
        return nodes.MapDecl(PLACE, self.map(), self.name(), self.expression())

    def program(self) -> nodes.Program:
        return nodes.Program(
            PLACE,
            (),
            self.some(self.setting),
            self.some(self.import_),
            self.some(self.map_declaration),
            self.some(self.macro),
            self.some(self.probe),
            self.some(self.function),
        )


_FIELDS = [*NAMES, *sorted(KEYWORDS)]

_EXPRESSIONS: list[Callable[[Maker, int], nodes.Expr]] = [
    Maker.access,
    Maker.record,
    Maker.block_value,
    lambda m, d: nodes.Call(PLACE, m.name(), m.some(m.argument, d), PLACE),
    lambda m, d: nodes.Index(PLACE, m.not_a_map(d), m.expression(d)),
    lambda m, d: nodes.Member(
        PLACE, m.expression(d), m.pick(_FIELDS), m.pick([True, False]), PLACE
    ),
    lambda m, d: nodes.TupleItem(PLACE, m.expression(d), m.random.randrange(9)),
    lambda m, d: nodes.Unary(PLACE, m.pick("-+!~*&"), m.expression(d)),
    lambda m, d: nodes.IncDec(PLACE, m.pick(["++", "--"]), m.target(d), m.pick([True, False])),
    lambda m, d: nodes.Binary(PLACE, m.pick(BINARY), m.expression(d), m.expression(d), PLACE),
    lambda m, d: nodes.Ternary(PLACE, m.expression(d), m.maybe(m.expression, d), m.expression(d)),
    lambda m, d: nodes.Cast(PLACE, m.type(d), m.expression(d)),
    lambda m, d: nodes.Sizeof(PLACE, m.operand(d)),
    lambda m, d: nodes.TypeInfo(PLACE, m.operand(d)),
    lambda m, d: nodes.Offsetof(PLACE, m.operand(d), m.some(m.pick, _FIELDS, least=1)),
    lambda m, d: nodes.TupleLit(PLACE, m.some(m.expression, d)),
    lambda m, d: nodes.Comptime(PLACE, m.expression(d)),
]

_SIMPLE: list[Callable[[Maker, int], nodes.Stmt]] = [
    lambda m, d: nodes.ExprStmt(PLACE, m.expression(d)),
    lambda m, d: nodes.Assign(PLACE, m.target(d), m.pick(ASSIGN), m.expression(d), PLACE),
    lambda m, d: nodes.Discard(PLACE, m.expression(d)),
    lambda m, d: nodes.Let(PLACE, m.variable(), m.maybe(m.type), m.maybe(m.expression, d)),
    lambda m, d: nodes.Jump(PLACE, m.pick(["break", "continue"])),
    lambda m, d: nodes.Return(PLACE, m.maybe(m.expression, d)),
    lambda m, d: m.import_(),
]

_COMPOUND: list[Callable[[Maker, int], nodes.Stmt]] = [
    Maker.block,
    Maker.condition,
    lambda m, d: nodes.While(PLACE, m.expression(d), m.block(d)),
    lambda m, d: nodes.Unroll(PLACE, m.expression(d), m.block(d)),
    lambda m, d: nodes.ForRange(PLACE, m.variable(), m.expression(d), m.expression(d), m.block(d)),
    lambda m, d: nodes.ForMap(PLACE, m.variable(), m.map(), m.block(d)),
]


def makers() -> st.SearchStrategy[Maker]:
    return st.integers(0, 2**32).map(Maker)
