"""Where an expression of a script stands, for the expander: in the script itself or in a macro.

A macro's body is hygienic. What its parameters name is the caller's; a variable that it declares
itself gets the number of the expansion as its mark, and so is no other's; maps it has none but
those that are passed to it. A variable that it neither declares nor is passed is the script's, as
bpftrace has it, though the reference says otherwise: that gets a warning.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

from aotrace.compiler.diagnostics import Diagnostics
from aotrace.compiler.sema.macros import shown
from aotrace.compiler.source import Span
from aotrace.compiler.syntax.nodes import Ident, MacroDef, MapRef, Node, Var


class Scene(Protocol):
    """What names mean at a place."""

    chain: tuple[MacroDef, ...]

    def place(self, span: Span) -> Span:
        """The span of a copy of what stands there."""

    def variable(self, node: Var) -> Var: ...
    def map(self, node: MapRef) -> MapRef: ...
    def declare(self, node: Var) -> None:
        """A variable may be new here."""

    def refuse_declared(self, node: Var) -> None:
        """Report a variable that must be new here and is not."""

    def argument(self, name: str) -> Node | None:
        """What the parameter of that bare name stands for; None when there is no such."""


class ScriptScene:
    """The script's own text: every name means itself."""

    chain: tuple[MacroDef, ...] = ()

    def place(self, span: Span) -> Span:
        return span

    def variable(self, node: Var) -> Var:
        return node

    def map(self, node: MapRef) -> MapRef:
        return node

    def declare(self, node: Var) -> None:
        """Nothing to note: variables are told apart by their names."""

    refuse_declared = declare

    def argument(self, name: str) -> Node | None:
        return None


class MacroScene:
    """The body of a macro in one of its expansions. args fit the macro's parameters."""

    def __init__(
        self, macro: MacroDef, args: Sequence[Node], outer: Scene, use: Span, mark: int,
        diagnostics: Diagnostics,
    ) -> None:  # fmt: skip
        self.chain = (*outer.chain, macro)
        self.macro = macro
        self.use = use
        self.mark = mark
        self.diagnostics = diagnostics
        self.arguments = {shown(param): arg for param, arg in zip(macro.params, args, strict=True)}
        self.own: set[str] = set()

    def place(self, span: Span) -> Span:
        return replace(span, via=self.use)

    def variable(self, node: Var) -> Var:
        place, passed = self.place(node.span), self.arguments.get(shown(node))
        if isinstance(passed, Var):
            return replace(passed, span=place)
        if node.name in self.own:
            return replace(node, span=place, mark=self.mark)
        self.diagnostics.warning(
            f"macro `{self.macro.name}` uses `${node.name}` of the script, which is not passed"
            " to it", place, "pass it as an argument",
        )  # fmt: skip
        return replace(node, span=place)

    def map(self, node: MapRef) -> MapRef:
        place, passed = self.place(node.span), self.arguments.get(shown(node))
        if isinstance(passed, MapRef):
            return replace(passed, span=place)
        text = f"macro `{self.macro.name}` uses the map `@{node.name}`, which is not passed to it"
        self.diagnostics.error(text, place, "maps must be passed as arguments")
        return replace(node, span=place)

    def declare(self, node: Var) -> None:
        if shown(node) not in self.arguments:
            self.own.add(node.name)

    def refuse_declared(self, node: Var) -> None:
        if shown(node) in self.arguments:
            text = f"`${node.name}` is an argument of macro `{self.macro.name}`"
            hint = "choose another name for the new one"
            self.diagnostics.error(text, self.place(node.span), hint)

    def argument(self, name: str) -> Node | None:
        return self.arguments.get(name)


def is_expression_argument(node: Node, scene: Scene) -> bool:
    """Whether a node is a bare parameter: then it is an expression, whatever was passed for it."""
    return isinstance(node, Ident) and scene.argument(node.name) is not None
