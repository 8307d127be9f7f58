"""Warnings of what is allowed and hardly meant, once a script is known to be right.

They are those of bpftrace 0.27 and one of our own, less what does not apply here: division of
signed numbers is well defined. A body that is used at several attach points is warned of once.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from aotrace.compiler.builtins.record import EventFunction
from aotrace.compiler.diagnostics import Diagnostics
from aotrace.compiler.sema.infer import Inference
from aotrace.compiler.sema.names import Names
from aotrace.compiler.sema.operators import COMPARISONS, LOGICAL
from aotrace.compiler.sema.units import Unit
from aotrace.compiler.syntax import nodes
from aotrace.compiler.syntax.nodes import MapAccess, MapRef, Node
from aotrace.compiler.syntax.walk import walk
from aotrace.compiler.types import INT64, NONE, Aggregate, Int, Pointer, Space, Tuple, Type, promote


def warn_of(units: list[Unit], names: Names, found: Inference, diagnostics: Diagnostics) -> None:
    """Look for such things in every unit."""
    said: set[tuple[int, str]] = set()
    for unit in units:
        warner = _Warner(unit, names, found, diagnostics, said)
        for node in unit.live():
            rule = _RULES.get(type(node))
            if rule:
                rule(warner, node)


def fits(kind: Type, target: Type) -> bool:
    """Whether a type's values all are what they are in the target's as well."""
    if isinstance(kind, Tuple) and isinstance(target, Tuple):
        return all(map(fits, kind.items, target.items))
    if not isinstance(kind, Int) or not isinstance(target, Int):
        return True
    if kind.signed == target.signed or kind.flexible:
        return kind.width <= target.width
    return not kind.signed and kind.width < target.width


class _Warner:
    """Looks at the nodes of one unit. said: what was warned of at which node, whatever the unit."""

    def __init__(
        self, unit: Unit, names: Names, found: Inference, diagnostics: Diagnostics,
        said: set[tuple[int, str]],
    ) -> None:  # fmt: skip
        self.unit = unit
        self.names = names
        self.found = found
        self.diagnostics = diagnostics
        self.said = said

    def warn(self, node: Node, message: str, *hints: str) -> None:
        if (id(node), message) not in self.said:
            self.said.add((id(node), message))
            self.diagnostics.warning(message, node.span, *hints)

    def type_of(self, node: Node) -> Type:
        return self.unit.types.get(node) or NONE

    # --- values that change on their way

    def taken_as(self, node: Node, target: Type) -> None:
        """The value of a node is wanted in a type that may not hold it."""
        kind = self.type_of(node)
        if self.unit.constants.get(node) is not None or self.is_aggregate(node):
            return
        if isinstance(node, nodes.TupleLit) and isinstance(target, Tuple):
            for item, wanted in zip(node.items, target.items, strict=False):
                self.taken_as(item, wanted)
        elif not fits(kind, target):
            text = f"a value of type '{kind}' is taken as '{target}' here"
            self.warn(node, text, f"write ({target}) before it if that is meant")

    def is_aggregate(self, node: Node) -> bool:
        ref = node.map if isinstance(node, MapAccess) else node
        known = self.found.maps.get(ref.name) if isinstance(ref, MapRef) else None
        return known is not None and isinstance(known.value, Aggregate)

    def binary(self, node: nodes.Binary) -> None:
        if self.unit.constants.get(node) is None:
            self.operands(node, node.op, node.left, node.right, self.type_of(node))

    def operands(self, node: Node, op: str, left: Node, right: Node, result: Type) -> None:
        kinds = [self.type_of(left), self.type_of(right)]
        if isinstance(kinds[0], Pointer) and isinstance(kinds[1], Pointer):
            self.pointers(node, op, kinds[0], kinds[1])
        elif all(isinstance(kind, Int) for kind in kinds) and op not in LOGICAL:
            target = (promote(*kinds) or NONE) if op in COMPARISONS else result
            self.taken_as(left, target)
            self.taken_as(right, target)

    def pointers(self, node: Node, op: str, left: Pointer, right: Pointer) -> None:
        if op in COMPARISONS and left.target != right.target:
            text = f"comparison of pointers to different types: '{left}' and '{right}'"
            self.warn(node, text, "cast one of them to the type of the other")
        elif op in COMPARISONS and {left.space, right.space} == {Space.KERNEL, Space.USER}:
            self.warn(node, "comparison of a kernel's address with one of user space")

    def assign(self, node: nodes.Assign) -> None:
        target = self.type_of(node.target)
        if node.op != "=":
            result = promote(self.type_of(node.target), self.type_of(node.value)) or NONE
            self.operands(node, node.op[:-1], node.target, node.value, result)
        else:
            self.taken_as(node.value, target)

    def let(self, node: nodes.Let) -> None:
        if node.value is not None:
            self.taken_as(node.value, self.type_of(node.var))

    def map_access(self, node: MapAccess) -> None:
        known = self.found.maps.get(node.map.name)
        if known is not None and known.key is not None:
            self.taken_as(node.key, known.key)

    def map_ref(self, node: MapRef) -> None:
        """bpftrace says nothing of it; it is what a misspelt name looks like."""
        text = f"nothing is assigned to @{node.name}"
        if not self.found.maps[node.name].assigned and all(text != said for _, said in self.said):
            self.warn(node, text, "it is 0 always: is its name right?")

    def ternary(self, node: nodes.Ternary) -> None:
        for branch in (node.then, node.other):
            if branch is not None and self.type_of(branch) != NONE:
                self.taken_as(branch, self.type_of(node))

    def for_range(self, node: nodes.ForRange) -> None:
        first, last = self.type_of(node.first), self.type_of(node.last)
        if isinstance(first, Int) and isinstance(last, Int) and first != last:
            larger = first if first.width > last.width else last
            self.taken_as(node.first, larger)
            self.taken_as(node.last, larger)

    def return_(self, node: nodes.Return) -> None:
        if node.value is not None:
            kind = self.type_of(node.value)
            if isinstance(kind, Int) and kind.width != INT64.width:
                self.taken_as(node.value, INT64)

    # --- what is not what it looks like

    def loop(self, node: nodes.While | nodes.ForRange | nodes.ForMap) -> None:
        """A map that is printed in a loop is printed by the loader, when the loop has gone on."""
        for call in (each for each in walk(node.body) if isinstance(each, nodes.Call)):
            entry = self.names.entries.get(call)
            late = isinstance(entry, EventFunction) and entry.reads_map
            if late and call.args and isinstance(call.args[0], MapRef):
                text = f"@{call.args[0].name} is printed when the loop has gone on already"
                self.warn(call, text, "print a value: that is taken at once")

    def range_loop(self, node: nodes.ForRange) -> None:
        self.for_range(node)
        self.loop(node)

    # --- what does nothing

    def cast(self, node: nodes.Cast) -> None:
        kind = self.type_of(node.operand)
        if self.is_aggregate(node.operand) or isinstance(node.operand, nodes.BoolLit):
            return
        if kind != NONE and kind == self.type_of(node):
            self.warn(node, f"this is of the type '{kind}' already", "leave the cast out")

    def expression(self, node: nodes.ExprStmt) -> None:
        kind = self.type_of(node.value)
        if kind != NONE and not isinstance(node.value, nodes.IncDec):
            self.warn(node, "this value is not used", "to say that it is meant: `_ = …`")

    def while_(self, node: nodes.While) -> None:
        hint = "use a `for` loop over a range: the verifier knows that it ends"
        self.warn(node, "`while` is deprecated and may be removed in the future", hint)
        self.loop(node)


_RULES: dict[type[Node], Callable[[_Warner, Any], None]] = {
    nodes.Binary: _Warner.binary,
    nodes.Assign: _Warner.assign,
    nodes.Let: _Warner.let,
    nodes.MapAccess: _Warner.map_access,
    nodes.MapRef: _Warner.map_ref,
    nodes.Ternary: _Warner.ternary,
    nodes.ForRange: _Warner.range_loop,
    nodes.ForMap: _Warner.loop,
    nodes.Return: _Warner.return_,
    nodes.Cast: _Warner.cast,
    nodes.ExprStmt: _Warner.expression,
    nodes.While: _Warner.while_,
}
