"""Which loops the verifier walks through turn by turn, and what the others carry along.

Where a helper of the kernel takes the turns, the verifier looks at a turn until nothing new comes
of it. A variable on the stack that is counted up from a known number is new each time; in memory of
a map its value is nothing that the verifier knows.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from aotrace.compiler.sema.tables import Variable
from aotrace.compiler.syntax import nodes
from aotrace.compiler.syntax.nodes import Node
from aotrace.compiler.syntax.walk import children, walk
from aotrace.compiler.types import Pointer, Type

if TYPE_CHECKING:
    from aotrace.compiler.codegen.emit import ProgramEmitter

_ENTRIES = (nodes.MapRef, nodes.MapAccess)
_BRANCHING = (nodes.MapRef, nodes.If, nodes.Ternary, nodes.Call)

MOST_IN_PLACE = 1024
#: The verifier gives up after a million instructions, and with 8192 branches that are open.
_MOST_WORK = 200_000
_BRANCH = 30  # what one counts beside a node of the tree, which is some instructions


def known_range(e: ProgramEmitter, node: nodes.ForRange) -> tuple[int, int] | None:
    """The bounds of a loop that is made in place; None of one that a helper makes."""
    bounds = _bounds(e, node)
    return bounds if bounds and _work(e, node) <= _MOST_WORK else None


def _bounds(e: ProgramEmitter, node: nodes.ForRange) -> tuple[int, int] | None:
    first, last = e.constant_of(node.first), e.constant_of(node.last)
    if isinstance(first, int) and isinstance(last, int) and last - first <= MOST_IN_PLACE:
        return int(first), int(last)
    return None


def _work(e: ProgramEmitter, node: Node) -> int:
    """Roughly what the verifier has to do where all known loops below a node are made in place."""
    known = e.shared.work.get(node)
    if known is None:
        total = 1 + _BRANCH * _branches(node) + sum(_work(e, below) for below in children(node))
        bounds = _bounds(e, node) if isinstance(node, nodes.ForRange) else None
        known = total * max(bounds[1] - bounds[0], 1) if bounds else total
        e.shared.work[node] = known
    return known


def _branches(node: Node) -> int:
    """How many branches a node makes: for look-ups that may fail, tests, events."""
    if isinstance(node, nodes.Assign) and node.op == "=" and isinstance(node.target, _ENTRIES):
        return -1  # what would be a look-up below is an update
    if isinstance(node, nodes.Binary):
        return node.op in ("&&", "||", "/", "%")
    return isinstance(node, _BRANCHING)


def is_carried(e: ProgramEmitter, variable: Variable, kind: Type) -> bool:
    """Whether turns that a helper takes change the variable, which outlives them.

    The verifier's own pointers stay on the stack: it knows no pointer that comes out of a map.
    """
    if isinstance(kind, Pointer) and kind.trusted:
        return False
    carried = e.shared.carried.get(e.unit)
    if carried is None:
        carried = e.shared.carried[e.unit] = frozenset(_carried(e))
    return variable in carried


def _carried(e: ProgramEmitter) -> Iterator[Variable]:
    for node in walk(e.unit.node):
        if isinstance(node, nodes.ForMap) or (
            isinstance(node, nodes.ForRange) and not known_range(e, node)
        ):
            inside = set(map(id, walk(node)))
            changed = (e.shared.names.variables[var] for var in _changed(node.body))
            yield from (variable for variable in changed if id(variable.first) not in inside)


def _changed(body: nodes.Block) -> Iterator[nodes.Var]:
    """Variables that are assigned, stepped, or handed out by their address."""
    for node in walk(body):
        if isinstance(node, (nodes.Assign, nodes.IncDec)) and isinstance(node.target, nodes.Var):
            yield node.target
        elif (
            isinstance(node, nodes.Unary) and node.op == "&" and isinstance(node.operand, nodes.Var)
        ):
            yield node.operand
