"""Refuses, with the place, what the grammar takes but this compiler cannot translate yet."""

from __future__ import annotations

from aotrace.compiler.diagnostics import Diagnostics
from aotrace.compiler.syntax import nodes
from aotrace.compiler.syntax.nodes import Node
from aotrace.compiler.syntax.walk import children

#: node class -> what a user calls it, with its verb
_REFUSED: dict[type[Node], str] = {
    nodes.Import: "imports within a block are",
    nodes.FunctionDef: "functions of the script's own are",
    nodes.TypeInfo: "typeinfo is",
    nodes.Comptime: "comptime is",
}


def check_support(node: Node, diagnostics: Diagnostics) -> None:
    """Report each construct that is not supported yet; what stands inside one is not looked at."""
    name = _REFUSED.get(type(node))
    if name:
        diagnostics.error(f"{name} not supported yet", node.span)
        return
    if isinstance(node, nodes.AttachPoint) and node.label:
        diagnostics.error("names in attach points are not supported yet", node.span)
    for child in children(node):
        check_support(child, diagnostics)
