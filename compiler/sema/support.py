"""Refuses, with the place, what the grammar takes but this compiler cannot translate yet."""

from __future__ import annotations

from aotrace.compiler.diagnostics import Diagnostics
from aotrace.compiler.syntax import nodes
from aotrace.compiler.syntax.nodes import Node, Program
from aotrace.compiler.syntax.walk import walk

#: node class -> what a user calls it
_REFUSED: dict[type[Node], str] = {
    nodes.CDefinition: "C definitions",
    nodes.ConfigItem: "the config block",
    nodes.Import: "import",
    nodes.MapDecl: "map declarations",
    nodes.MacroDef: "macros",
    nodes.While: "while loops",
    nodes.ForRange: "for loops",
    nodes.ForMap: "for loops over maps",
    nodes.Jump: "break and continue",
    nodes.Param: "positional parameters",
    nodes.ParamCount: "positional parameters",
    nodes.TypeOf: "typeof",
    nodes.TypeInfo: "typeinfo",
    nodes.Offsetof: "offsetof",
    nodes.BlockExpr: "block expressions",
    nodes.TupleType: "tuple types",
}


def check_support(program: Program, diagnostics: Diagnostics) -> None:
    """Report each construct that is not supported yet."""
    for node in walk(program):
        name = _REFUSED.get(type(node))
        if name:
            diagnostics.error(f"{name} are not supported yet" if name.endswith("s") else
                              f"{name} is not supported yet", node.span)  # fmt: skip
