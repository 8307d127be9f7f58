"""Variables that are used before they have a value, or never get one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from aotrace.compiler.diagnostics import Diagnostics
from aotrace.compiler.sema.names import Names
from aotrace.compiler.sema.tables import Variable
from aotrace.compiler.syntax import nodes
from aotrace.compiler.syntax.nodes import Node, Program
from aotrace.compiler.syntax.walk import children


def check_assigned(program: Program, names: Names, diagnostics: Diagnostics) -> None:
    """Warn of such variables; what a `let` alone says of one does not give it a value."""
    for probe in program.probes:
        walker = _Walker(names, diagnostics)
        walker.visit(probe)
        walker.end()


class _Walker:
    """One probe, in the order in which it runs."""

    def __init__(self, names: Names, diagnostics: Diagnostics) -> None:
        self.names = names
        self.diagnostics = diagnostics
        self.declared: dict[Variable, nodes.Let] = {}
        self.assigned: set[Variable] = set()
        self.unevaluated = 0  # sizeof and the like around the place

    def visit(self, node: Node) -> None:
        rule = _RULES.get(type(node))
        if rule:
            rule(self, node)
        else:
            self.children(node)

    def children(self, node: Node) -> None:
        for child in children(node):
            self.visit(child)

    def end(self) -> None:
        for variable, let in self.declared.items():
            if variable not in self.assigned:
                text = f"nothing is ever assigned to `${variable.name}`"
                self.diagnostics.warning(text, let.span)

    def mark(self, node: nodes.Var) -> None:
        if variable := self.names.variables.get(node):
            self.assigned.add(variable)

    def assign(self, node: nodes.Assign) -> None:
        self.visit(node.value)
        if not isinstance(node.target, nodes.Var):
            self.visit(node.target)
            return
        if node.op != "=":
            self.visit(node.target)
        self.mark(node.target)

    def let(self, node: nodes.Let) -> None:
        if node.type:
            self.visit(node.type)
        if node.value:
            self.visit(node.value)
            self.mark(node.var)
        elif variable := self.names.variables.get(node.var):
            self.declared[variable] = node

    def loop(self, node: nodes.ForRange | nodes.ForMap) -> None:
        self.mark(node.var)
        self.children(node)

    def variable(self, node: nodes.Var) -> None:
        variable = self.names.variables.get(node)
        if variable is None or variable in self.assigned or self.unevaluated:
            return
        text = f"`${node.name}` is used before anything is assigned to it"
        self.diagnostics.warning(text, node.span, "it is zero, or empty")

    def unary(self, node: nodes.Unary) -> None:
        if node.op == "&" and isinstance(node.operand, nodes.Var):
            self.mark(node.operand)  # who has the address may write there
        self.visit(node.operand)

    def about_types(self, node: Node) -> None:
        self.unevaluated += 1
        self.children(node)
        self.unevaluated -= 1


_RULES: dict[type[Node], Callable[[_Walker, Any], None]] = {
    nodes.Assign: _Walker.assign,
    nodes.Let: _Walker.let,
    nodes.ForRange: _Walker.loop,
    nodes.ForMap: _Walker.loop,
    nodes.Var: _Walker.variable,
    nodes.Unary: _Walker.unary,
    nodes.Sizeof: _Walker.about_types,
    nodes.Offsetof: _Walker.about_types,
    nodes.TypeOf: _Walker.about_types,
    nodes.TypeInfo: _Walker.about_types,
}
