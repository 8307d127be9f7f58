"""Checks that need types: arguments, conditions, assignments, uses of maps."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from aotrace.compiler.builtins.record import (
    AggregateFunction,
    EventFunction,
    Function,
    MapFunction,
    Parameter,
    ProbeContext,
)  # fmt: skip
from aotrace.compiler.config import Config
from aotrace.compiler.diagnostics import Diagnostics
from aotrace.compiler.kernel.btf import Btf
from aotrace.compiler.sema.fold import Constant
from aotrace.compiler.sema.infer import Inference, site_of
from aotrace.compiler.sema.names import Names
from aotrace.compiler.sema.operators import is_condition
from aotrace.compiler.sema.tables import NodeTable
from aotrace.compiler.sema.units import Unit
from aotrace.compiler.syntax import nodes
from aotrace.compiler.syntax.nodes import MapAccess, MapRef, Node
from aotrace.compiler.syntax.walk import children
from aotrace.compiler.types import NONE, Aggregate, Struct, Type
from aotrace.runtime.values import CountKind


def check_types(
    units: list[Unit],
    names: Names,
    constants: NodeTable[Constant],
    found: Inference,
    btf: Btf,
    config: Config,
    diagnostics: Diagnostics,
) -> None:
    """Check every unit."""
    for unit in units:
        context = ProbeContext(unit.probe, btf, config)
        checker = _Checker(unit, names, constants, found, context, diagnostics)
        if unit.node.predicate:
            checker.condition(unit.node.predicate)
            checker.visit(unit.node.predicate)
        checker.visit(unit.node.body)


def match_parameters(parameters: Sequence[Parameter], given: int) -> list[Parameter]:
    """The parameter of each argument: optional ones fall away from the end first."""
    matched = list(parameters)
    for parameter in reversed(parameters):
        if len(matched) > given and (parameter.optional or parameter.many):
            matched.remove(parameter)
    while matched and len(matched) < given and matched[-1].many:
        matched.append(matched[-1])
    return matched[:given]


class _Checker:
    def __init__(
        self, unit: Unit, names: Names, constants: NodeTable[Constant], found: Inference,
        context: ProbeContext, diagnostics: Diagnostics,
    ) -> None:  # fmt: skip
        self.unit = unit
        self.names = names
        self.constants = constants
        self.found = found
        self.context = context
        self.diagnostics = diagnostics

    def type_of(self, node: Node) -> Type:
        return self.unit.types.get(node) or NONE

    def visit(self, node: Node) -> None:
        rule = _RULES.get(type(node))
        if rule:
            rule(self, node)
        else:
            self.visit_children(node)

    def visit_children(self, node: Node) -> None:
        for child in children(node):
            self.visit(child)

    # --- conditions

    def condition(self, node: Node) -> None:
        kind = self.type_of(node)
        if kind != NONE and not is_condition(kind):
            self.diagnostics.error(f"Invalid condition: a value of type '{kind}'", node.span)

    def if_(self, node: nodes.If) -> None:
        self.condition(node.condition)
        self.visit_children(node)

    def ternary(self, node: nodes.Ternary) -> None:
        self.condition(node.condition)
        self.visit_children(node)

    def logical(self, node: nodes.Binary) -> None:
        divisor = self.constants.get(node.right)
        if node.op in ("/", "%") and divisor == 0 and divisor is not None:
            self.diagnostics.error("division by zero", node.right.span)
        self.visit_children(node)

    # --- maps

    def map_ref(self, node: MapRef) -> None:
        entry = self.found.maps.get(node.name)
        if entry and entry.keyed:
            self.diagnostics.error(
                f"@{node.name} has keys and needs one here", node.span, f"write @{node.name}[…]"
            )
        self.map_known(node)

    def map_known(self, node: MapRef) -> None:
        entry = self.found.maps.get(node.name)
        if entry is None or entry.value == NONE:
            self.diagnostics.error(
                f"Undefined map: @{node.name}", node.span, "assign to it somewhere"
            )

    def map_access(self, node: MapAccess) -> None:
        self.map_known(node.map)
        if isinstance(self.type_of(node), Aggregate):
            self.diagnostics.error(
                f"a value of type '{self.type_of(node)}' cannot be read in the script yet",
                node.span, "print the map as a whole",
            )  # fmt: skip
        self.visit(node.key)

    def scalar_read(self, node: MapRef) -> None:
        self.map_ref(node)
        if isinstance(self.type_of(node), Aggregate):
            self.diagnostics.error(
                f"a value of type '{self.type_of(node)}' cannot be read in the script yet",
                node.span, "print the map as a whole",
            )  # fmt: skip

    def target(self, node: Node) -> None:
        """An assignment's target: only its key is read."""
        if isinstance(node, MapAccess):
            self.visit(node.key)
        elif isinstance(node, MapRef):
            self.map_ref(node)

    # --- statements

    def assign(self, node: nodes.Assign) -> None:
        entry = self.names.entries.get(node.value)
        self.target(node.target)
        if isinstance(entry, AggregateFunction) and isinstance(node.value, nodes.Call):
            self.aggregate(node, node.value)
            return
        self.storable(node.value, "assigned")
        if node.op != "=" and isinstance(self.type_of(node.target), Aggregate):
            self.diagnostics.error(f"'{node.op}' does not work on a per-CPU map", node.span)
        self.visit(node.value)

    def aggregate(self, node: nodes.Assign, call: nodes.Call) -> None:
        if node.op != "=" or not isinstance(node.target, (MapRef, MapAccess)):
            self.diagnostics.error(
                f"{call.name}() can only be assigned to a map with =",
                call.span,
                f"@ = {call.name}(…)",
            )
        self.arguments(call, self.names.entries[call].parameters)  # type: ignore[union-attr]

    def storable(self, node: Node, what: str) -> None:
        kind = self.type_of(node)
        entry = self.names.entries.get(node)
        if isinstance(kind, Struct):
            self.diagnostics.error(
                f"a value of type '{kind}' cannot be {what} yet",
                node.span,
                "assign a pointer to it",
            )
        elif isinstance(entry, EventFunction) or (isinstance(entry, MapFunction) and kind == NONE):
            self.diagnostics.error(f"{entry.name}() gives no value", node.span)

    def let(self, node: nodes.Let) -> None:
        if node.value:
            self.storable(node.value, "assigned")
            self.visit(node.value)

    def inc_dec(self, node: nodes.IncDec) -> None:
        if not isinstance(node.target, (nodes.Var, MapRef, MapAccess)):
            self.diagnostics.error(f"`{node.op}` needs a variable or a map", node.span)
        self.target(node.target)
        if isinstance(self.type_of(node.target), Aggregate):
            self.diagnostics.error(f"'{node.op}' does not work on a per-CPU map", node.span)

    def items(self, node: nodes.TupleLit) -> None:
        for item in node.items:
            self.storable(item, "put into a tuple")
        self.visit_children(node)

    # --- calls

    def call(self, node: nodes.Call) -> None:
        entry = self.names.entries[node]
        if isinstance(entry, MapFunction):
            self.map_call(node, entry)
        elif isinstance(entry, AggregateFunction):
            self.diagnostics.error(
                f"{node.name}() must be assigned to a map", node.span, f"@ = {node.name}(…)"
            )
        elif isinstance(entry, (Function, EventFunction)):
            self.arguments(node, entry.parameters)

    def arguments(self, node: nodes.Call, parameters: Sequence[Parameter]) -> None:
        before = len(self.diagnostics.items)
        for arg, parameter in zip(
            node.args, match_parameters(parameters, len(node.args)), strict=True
        ):
            self.argument(node, arg, parameter)
        entry = self.names.entries[node]
        check = getattr(entry, "check", None)
        if check and len(self.diagnostics.items) == before:
            check(site_of(node, self.unit, self.constants, self.context, self.diagnostics))

    def argument(self, node: nodes.Call, arg: Node, parameter: Parameter) -> None:
        kind = self.type_of(arg)
        if isinstance(arg, MapRef) and parameter.accepts.test(_ANY_MAP):
            self.map_known(arg)
            return
        if kind == NONE:
            self.storable(arg, "passed")
        elif not parameter.accepts.test(kind):
            self.diagnostics.error(
                f"{node.name}() takes {parameter.accepts.name} as {parameter.name}, not '{kind}'",
                arg.span,
            )
        elif parameter.constant and self.constants.get(arg) is None:
            self.diagnostics.error(
                f"{node.name}() needs {parameter.name} to be known at build time", arg.span,
                "write a literal",
            )  # fmt: skip
        self.visit(arg)

    def map_call(self, node: nodes.Call, entry: MapFunction) -> None:
        target = node.args[0]
        ref = target.map if isinstance(target, MapAccess) else target
        if not isinstance(ref, MapRef):
            self.diagnostics.error(
                f"{node.name}() takes a map, not '{self.type_of(target)}'", target.span
            )
            return
        self.map_known(ref)
        keyed = self.found.maps[ref.name].keyed if ref.name in self.found.maps else False
        has_key = isinstance(target, MapAccess) or len(node.args) > 1
        if entry.keyed and keyed and not has_key:
            self.diagnostics.error(f"{node.name}() of @{ref.name} needs a key", node.span)
        elif has_key and not entry.keyed:
            self.diagnostics.error(f"{node.name}() takes a whole map", target.span)
        for key in node.args[1:]:
            self.visit(key)
        if isinstance(target, MapAccess):
            self.visit(target.key)


_ANY_MAP = Aggregate("", CountKind())  # stands for any map where a parameter takes one

_RULES: dict[type[Node], Callable[..., None]] = {
    nodes.If: _Checker.if_,
    nodes.Ternary: _Checker.ternary,
    nodes.Binary: _Checker.logical,
    nodes.MapRef: _Checker.scalar_read,
    nodes.MapAccess: _Checker.map_access,
    nodes.Assign: _Checker.assign,
    nodes.Let: _Checker.let,
    nodes.IncDec: _Checker.inc_dec,
    nodes.TupleLit: _Checker.items,
    nodes.Call: _Checker.call,
}
