"""Expansion of macros: AST to AST, before names are resolved.

A use of a macro becomes a copy of its body: a block where it is a statement, a block expression
where its value is wanted. Nodes of the copy keep the body's places, and know the use (Span.via).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from aotrace.compiler.builtins import BY_NAME
from aotrace.compiler.diagnostics import Diagnostics
from aotrace.compiler.sema.expansion import (
    MacroScene,
    Scene,
    ScriptScene,
    is_expression_argument,
)
from aotrace.compiler.sema.macros import Macros, is_word
from aotrace.compiler.source import Span
from aotrace.compiler.syntax import nodes
from aotrace.compiler.syntax.blocks import MAX_DEPTH
from aotrace.compiler.syntax.nodes import Call, Ident, MapRef, NamedType, Node, TypeOf, Var
from aotrace.compiler.syntax.walk import rebuilt

_TYPES = (NamedType, nodes.PointerTo, nodes.ArrayOf, nodes.TupleType, TypeOf)

#: of all expansions together: macros that use macros may multiply without end
MAX_NODES = 100_000


def expand_macros(program: nodes.Program, diagnostics: Diagnostics) -> nodes.Program:
    """The program with every macro expanded, and none left; reports what cannot be expanded."""
    if not program.macros:
        return program
    expander = _Expander(Macros(program, diagnostics), diagnostics)
    probes = tuple(expander.top(probe) for probe in program.probes)
    functions = tuple(expander.top(function) for function in program.functions)
    return replace(program, macros=(), probes=probes, functions=functions)


class _TooMuch(Exception):
    """An expansion does not come to an end that the compiler could wait for."""


class _Expander:
    def __init__(self, macros: Macros, diagnostics: Diagnostics) -> None:
        self.macros = macros
        self.diagnostics = diagnostics
        self.mark = 0
        self.left = MAX_NODES
        self.depth = 0
        self.use: Span | None = None  # the outermost use of a macro that is being expanded

    def top(self, node: Any) -> Any:
        try:
            return rebuilt(node, self.visit, _same, ScriptScene())
        except _TooMuch as error:
            self.depth = 0
            self.diagnostics.error(str(error), self.use or node.span)
            return node

    def visit(self, node: Node, scene: Scene) -> Any:
        self.depth += 1
        self.left -= self.use is not None
        if self.depth > MAX_DEPTH:
            raise _TooMuch(f"macros expand to more than {MAX_DEPTH} levels")
        if self.left < 0:
            raise _TooMuch("macros expand to too much code")
        handler = _HANDLERS.get(type(node))
        if handler:
            result = handler(self, node, scene)
        else:
            result = rebuilt(node, self.visit, scene.place, scene)
        self.depth -= 1
        return result

    def inside(self, node: Node, scene: Scene) -> Any:
        return rebuilt(node, self.visit, scene.place, scene)

    def copy(self, node: Node) -> Any:
        """An argument once more: it was expanded where it was passed, and keeps its places."""
        self.left -= 1
        return rebuilt(node, self.copy, _same)

    # --- uses --------------------------------------------------------------------------------

    def call(self, node: Call, scene: Scene) -> Any:
        body = self.expansion(node, scene)
        return self.inside(node, scene) if body is None else self.value(node, body, scene)

    def name(self, node: Ident, scene: Scene) -> Any:
        passed = scene.argument(node.name)
        if passed is not None:
            return self.substitute(node, passed, scene)
        body = self.expansion(node, scene)
        return self.inside(node, scene) if body is None else self.value(node, body, scene)

    def statement(self, node: nodes.ExprStmt, scene: Scene) -> Any:
        """A body, or an argument that is a block, where its value is not wanted."""
        use = node.value
        is_argument = is_expression_argument(use, scene)
        body = None
        if isinstance(use, (Call, Ident)) and not is_argument:
            body = self.expansion(use, scene)
        if body is None:
            made = self.inside(node, scene)
            body = made.value
            if not is_argument or not isinstance(body, nodes.BlockExpr):
                return made
        if isinstance(body, nodes.Block):
            return body
        last = nodes.ExprStmt(body.value.span, body.value)
        return nodes.Block(body.span, (*body.statements, last))

    def expansion(self, use: Call | Ident, scene: Scene) -> nodes.Block | nodes.BlockExpr | None:
        """The body of the macro that is used; None when it is no use of a macro."""
        bare = isinstance(use, Ident)
        if use.name not in self.macros or (bare and is_word(use.name)):
            return None
        written: Sequence[Node] = () if isinstance(use, Ident) else use.args
        kinds = [
            _nothing(arg.span) if is_expression_argument(arg, scene) else arg for arg in written
        ]
        kinds = [replace(arg, span=scene.place(arg.span)) for arg in kinds]
        place = scene.place(use.span)
        macro = self.macros.find(use.name, kinds)
        if macro is None:
            if use.name in BY_NAME:
                return None  # other arguments than the macro's: the builtin is meant
            self.macros.report(replace(use, span=place), kinds)
            return _nothing(place)
        if macro in scene.chain:
            names = [m.name for m in scene.chain[scene.chain.index(macro) :]]
            text = f"macro `{macro.name}` uses itself: {' > '.join([*names, macro.name])}"
            self.diagnostics.error(text, place)
            return _nothing(place)
        outermost = self.use is None
        self.use = self.use or place
        args = [self.argument(arg, scene) for arg in written]
        self.mark += 1
        inner = MacroScene(macro, args, scene, place, self.mark, self.diagnostics)
        body: nodes.Block | nodes.BlockExpr = self.visit(macro.body, inner)
        self.use = None if outermost else self.use
        return body

    def value(self, use: Node, body: nodes.Block | nodes.BlockExpr, scene: Scene) -> nodes.Expr:
        if isinstance(body, nodes.Block):
            assert isinstance(use, (Call, Ident))
            hint = "end its body with an expression without `;`"
            self.diagnostics.error(f"macro `{use.name}` has no value", scene.place(use.span), hint)
            return _nothing(body.span).value
        plain = not body.statements and not isinstance(body.value, MapRef)
        return body.value if plain else body

    # --- arguments ---------------------------------------------------------------------------

    def argument(self, node: Node, scene: Scene) -> Any:
        """What is passed to a macro: a type may be passed on."""
        passed = scene.argument(node.name) if isinstance(node, Ident) else None
        if isinstance(passed, TypeOf):
            return passed
        return self.visit(node, scene)

    def substitute(self, node: Ident, passed: Node, scene: Scene) -> Any:
        if isinstance(passed, TypeOf):
            text = f"`{node.name}` is a type here, and a value is needed"
            self.diagnostics.error(text, scene.place(node.span))
            return _nothing(node.span).value
        copy = self.copy(passed)
        # The value of the map, never the map as such: that takes a parameter `@m`.
        return nodes.BlockExpr(copy.span, (), copy) if isinstance(copy, MapRef) else copy

    def operand(self, node: Any, scene: Scene) -> Any:
        """Of sizeof, typeof and the like, where a bare name is a type, and no use of a macro."""
        return rebuilt(node, self.type_or_value, scene.place, scene)

    def type_or_value(self, node: Node, scene: Scene) -> Any:
        if not isinstance(node, Ident):
            return self.visit(node, scene)
        passed = scene.argument(node.name)
        if passed is None:
            return self.inside(node, scene)
        if isinstance(passed, TypeOf):
            return self.copy(passed.operand)
        return self.substitute(node, passed, scene)

    def type_of(self, node: TypeOf, scene: Scene) -> Any:
        made: TypeOf = self.operand(node, scene)
        doubled = isinstance(made.operand, TypeOf) and not isinstance(node.operand, TypeOf)
        return made.operand if doubled else made

    def named_type(self, node: NamedType, scene: Scene) -> Any:
        passed = scene.argument(node.name)
        if passed is None:
            return self.inside(node, scene)
        if isinstance(passed, Ident):
            return NamedType(scene.place(node.span), node.tag, passed.name)
        if isinstance(passed, TypeOf) and not node.tag:
            return self.copy(passed.operand if isinstance(passed.operand, _TYPES) else passed)
        inner = passed.operand if isinstance(passed, TypeOf) else passed
        if isinstance(inner, Ident) or (isinstance(inner, NamedType) and not inner.tag):
            return NamedType(scene.place(node.span), node.tag, inner.name)
        text = f"what is passed for `{node.name}` "
        text += f"cannot stand behind `{node.tag}`" if node.tag else "is no type"
        hint = f"a type is needed at {node.span}"
        self.diagnostics.error(text, passed.span, hint)
        return self.inside(node, scene)

    # --- variables and maps ------------------------------------------------------------------

    def variable(self, node: Var, scene: Scene) -> Var:
        return scene.variable(node)

    def map(self, node: MapRef, scene: Scene) -> MapRef:
        return scene.map(node)

    def assign(self, node: nodes.Assign, scene: Scene) -> Any:
        if node.op == "=" and isinstance(node.target, Var):
            scene.declare(node.target)
        return self.inside(node, scene)

    def declaring(self, node: nodes.Let | nodes.ForRange | nodes.ForMap, scene: Scene) -> Any:
        scene.refuse_declared(node.var)
        scene.declare(node.var)
        return self.inside(node, scene)


def _same(span: Span) -> Span:
    return span


def _nothing(span: Span) -> nodes.BlockExpr:
    """A value of no account: for what could not be expanded, so that no errors follow from it."""
    return nodes.BlockExpr(span, (), nodes.IntLit(span, 0))


_HANDLERS: dict[type[Node], Callable[..., Any]] = {
    Call: _Expander.call,
    Ident: _Expander.name,
    nodes.ExprStmt: _Expander.statement,
    TypeOf: _Expander.type_of,
    nodes.Sizeof: _Expander.operand,
    nodes.Offsetof: _Expander.operand,
    nodes.TypeInfo: _Expander.operand,
    NamedType: _Expander.named_type,
    Var: _Expander.variable,
    MapRef: _Expander.map,
    nodes.Assign: _Expander.assign,
    nodes.Let: _Expander.declaring,
    nodes.ForRange: _Expander.declaring,
    nodes.ForMap: _Expander.declaring,
}
