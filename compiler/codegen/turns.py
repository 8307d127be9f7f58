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
from aotrace.compiler.syntax.walk import walk
from aotrace.compiler.types import Pointer, Type

if TYPE_CHECKING:
    from aotrace.compiler.codegen.emit import ProgramEmitter

MOST_IN_PLACE = 1024


def known_range(e: ProgramEmitter, node: nodes.ForRange) -> tuple[int, int] | None:
    """The bounds of a loop that is made in place; None of one that a helper makes."""
    first, last = e.constant_of(node.first), e.constant_of(node.last)
    if isinstance(first, int) and isinstance(last, int) and last - first <= MOST_IN_PLACE:
        return int(first), int(last)
    return None


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
