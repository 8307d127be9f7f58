"""The way that execution takes through a probe: statements that it never comes to.

As in bpftrace 0.27, only jumps count, whatever a condition's value: `if (1) { return; }` may go on.
"""

from __future__ import annotations

from aotrace.compiler.builtins import BY_NAME
from aotrace.compiler.builtins.record import EventFunction
from aotrace.compiler.diagnostics import Diagnostics
from aotrace.compiler.syntax import nodes
from aotrace.compiler.syntax.nodes import Node, Program
from aotrace.compiler.syntax.walk import children

_LOOPS = (nodes.While, nodes.ForRange, nodes.ForMap)


def check_flow(program: Program, diagnostics: Diagnostics) -> None:
    """Warn of the first statement in each block that cannot be reached."""
    for probe in program.probes:
        _look(probe, diagnostics)


def _look(node: Node, diagnostics: Diagnostics) -> None:
    if isinstance(node, (nodes.Block, nodes.BlockExpr)):
        _sequence(node, diagnostics)
    for child in children(node):
        _look(child, diagnostics)


def _sequence(block: nodes.Block | nodes.BlockExpr, diagnostics: Diagnostics) -> None:
    ended = False
    for statement in block.statements:
        if ended:
            diagnostics.warning("this statement is never reached", statement.span)
            return
        ended = _ends(statement)
    if ended and isinstance(block, nodes.BlockExpr):
        diagnostics.warning("this value is never reached", block.value.span)


def _ends(node: Node) -> bool:
    """Whether what follows is never reached."""
    if isinstance(node, (nodes.Jump, nodes.Return)):
        return True
    if isinstance(node, nodes.Block):
        return any(map(_ends, node.statements))
    if isinstance(node, nodes.If):
        return node.other is not None and _ends(node.then) and _ends(node.other)
    if isinstance(node, nodes.Unroll):
        return _ends(node.body)
    if isinstance(node, _LOOPS):
        return False
    return isinstance(node, nodes.ExprStmt) and _leaves(node.value)


def _leaves(node: Node) -> bool:
    entry = BY_NAME.get(node.name) if isinstance(node, nodes.Call) else None
    return isinstance(entry, EventFunction) and entry.leaves
