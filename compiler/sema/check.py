"""Checks that need types: values, conditions, assignments, uses of maps."""

from __future__ import annotations

from collections.abc import Callable

from aotrace.compiler.builtins.record import (
    AggregateFunction,
    EventFunction,
    Function,
    MapFunction,
    ProbeContext,
)
from aotrace.compiler.config import Config
from aotrace.compiler.diagnostics import Diagnostics
from aotrace.compiler.kernel.btf import Btf
from aotrace.compiler.kernel_types import unkept
from aotrace.compiler.sema.arguments import check_arguments
from aotrace.compiler.sema.infer import Inference, readable
from aotrace.compiler.sema.names import Names, is_args
from aotrace.compiler.sema.operators import is_condition, unreadable
from aotrace.compiler.sema.params import unknown_at_build
from aotrace.compiler.sema.units import Unit, taken
from aotrace.compiler.syntax import nodes
from aotrace.compiler.syntax.nodes import Call, MapAccess, MapRef, Node
from aotrace.compiler.syntax.walk import children
from aotrace.compiler.types import NONE, Aggregate, EnumType, Int, Type, storable

_MAX_UNROLL = 100  # bpftrace's limit


def check_types(
    units: list[Unit],
    names: Names,
    found: Inference,
    btf: Btf,
    config: Config,
    diagnostics: Diagnostics,
) -> None:
    """Check every unit."""
    for unit in units:
        context = ProbeContext(unit.probe, btf, config)
        checker = Checker(unit, names, found, context, diagnostics)
        if unit.node.predicate:
            checker.condition(unit.node.predicate)
        checker.visit(unit.node.body)


class Checker:
    """Checks one unit."""

    def __init__(
        self, unit: Unit, names: Names, found: Inference, context: ProbeContext,
        diagnostics: Diagnostics,
    ) -> None:  # fmt: skip
        self.unit = unit
        self.names = names
        self.constants = unit.constants
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

    # --- values

    def value(self, node: Node) -> None:
        """Check an expression whose value is used."""
        self.has_value(node)
        self.visit(node)

    def stored(self, node: Node, what: str) -> None:
        """Check an expression whose value is kept somewhere."""
        kind = self.type_of(node)
        blamed_inside = isinstance(node, (nodes.TupleLit, nodes.RecordLit, nodes.Ternary))
        if kind != NONE and not storable(kind) and not blamed_inside:
            text = f"a value of type '{kind}' cannot be {what}"
            self.diagnostics.error(text, node.span, "use its elements")
        elif not blamed_inside:
            self.copied(node, what)
        self.value(node)

    def copied(self, node: Node, what: str) -> None:
        """Report a struct of which no copy can be made."""
        kind = self.type_of(node)
        if reason := unkept(kind, self.context.btf):
            text = f"a value of type '{kind}' cannot be {what}: {reason}"
            self.diagnostics.error(text, node.span, "use the fields that you need")

    def has_value(self, node: Node) -> None:
        """Report an expression without a value, unless what it is made of gets the blame."""
        if self.type_of(node) != NONE:
            return
        entry = self.names.entries.get(node)
        if isinstance(entry, (EventFunction, MapFunction, Function)) and isinstance(node, Call):
            self.diagnostics.error(f"{entry.name}() gives no value", node.span)
        elif isinstance(node, nodes.Var):
            self.diagnostics.error(f"nothing is ever assigned to ${node.name}", node.span)
        elif isinstance(node, nodes.Cast):
            self.diagnostics.error("void has no values", node.type.span)
        elif isinstance(node, nodes.Ternary):
            self.has_value(node.then or node.condition)
            self.has_value(node.other)

    def condition(self, node: Node) -> None:
        kind = self.type_of(node)
        if isinstance(kind, Aggregate):
            self.visit(node)
            return
        if kind != NONE and not is_condition(kind):
            self.diagnostics.error(f"Invalid condition: a value of type '{kind}'", node.span)
        self.value(node)

    # --- expressions

    def ternary(self, node: nodes.Ternary) -> None:
        self.condition(node.condition)
        for branch in self.branches(node):
            if self.type_of(node) != NONE:
                self.stored(branch, "chosen")
            else:
                self.visit(branch)

    def binary(self, node: nodes.Binary) -> None:
        if node.op in ("/", "%"):
            self.divisor(node.right)
        operands = (self.constants.get(node.left), self.constants.get(node.right))
        if node not in self.constants and all(type(value) is int for value in operands):
            self.out_of_range(node, operands[1])
        self.value(node.left)
        self.value(node.right)

    def out_of_range(self, node: nodes.Binary, right: object) -> None:
        """Both sides are known, and there is no result."""
        if node.op in ("<<", ">>"):
            text = f"a number of 64 bits cannot be shifted by {right}"
            self.diagnostics.error(text, node.span, "shift by 0 to 63")
        elif right != 0 or node.op not in ("/", "%"):
            text = "the result of these literals fits neither int64 nor uint64"
            self.diagnostics.error(text, node.span)

    def divisor(self, node: Node) -> None:
        divisor = self.constants.get(node)
        if divisor == 0 and divisor is not None:
            self.diagnostics.error("division by zero", node.span)

    def operands(self, node: Node) -> None:
        """All children are expressions whose values are used."""
        for child in children(node):
            self.value(child)

    def member(self, node: nodes.Member) -> None:
        if not is_args(node.base):
            self.value(node.base)

    def unary(self, node: nodes.Unary) -> None:
        value = self.constants.get(node.operand)
        if node.op == "-" and type(value) is int and node not in self.constants:
            self.diagnostics.error("the result of this literal does not fit int64", node.span)
        if node.op == "&" and isinstance(node.operand, MapRef):
            self.known(node.operand)
        else:
            self.operands(node)

    def cast(self, node: nodes.Cast) -> None:
        kind, value = self.type_of(node), self.constants.get(node.operand)
        known = {number for _, number in kind.enumerators} if isinstance(kind, EnumType) else None
        if known is not None and isinstance(value, int) and value not in known:
            self.diagnostics.error(f"`{kind}` has no enumerator of the value {value}", node.span)
        self.value(node.operand)

    def inc_dec(self, node: nodes.IncDec) -> None:
        self.target(node.target)

    def items(self, node: nodes.TupleLit) -> None:
        for item in node.items:
            self.stored(item, "put into a tuple")

    def fields(self, node: nodes.RecordLit) -> None:
        for field in node.fields:
            self.stored(field.value, "put into a record")

    def branches(self, node: nodes.Ternary | nodes.If) -> list[Node]:
        """Those that `comptime` does not rule out."""
        left = taken(node, self.constants)
        if left is not None:
            return left[1:]
        return [branch for branch in (node.then, node.other) if branch is not None]

    # --- maps

    def known(self, node: MapRef) -> bool:
        entry = self.found.maps.get(node.name)
        if entry is None or entry.value == NONE:
            text = f"Undefined map: @{node.name}"
            self.diagnostics.error(text, node.span, "assign to it somewhere")
            return False
        return True

    def map_ref(self, node: MapRef) -> None:
        """A map without keys, read as a value."""
        if not self.known(node):
            return
        if self.found.maps[node.name].keyed:
            self.diagnostics.error(
                f"@{node.name} has keys and needs one here", node.span, f"write @{node.name}[…]"
            )
        self.readable(node)

    def map_access(self, node: MapAccess) -> None:
        if self.known(node.map):
            self.readable(node)
        self.key(node.key)

    def key(self, node: Node) -> None:
        self.stored(node, "a key")

    def readable(self, node: Node) -> None:
        kind = self.type_of(node)
        if isinstance(kind, Aggregate):
            unreadable(kind, node, self.diagnostics)

    def target(self, node: Node) -> None:
        """What is assigned to: only its key is read."""
        if isinstance(node, MapAccess):
            self.key(node.key)

    # --- statements

    def if_(self, node: nodes.If) -> None:
        self.condition(node.condition)
        for branch in self.branches(node):
            self.visit(branch)

    def assign(self, node: nodes.Assign) -> None:
        self.target(node.target)
        entry = self.names.entries.get(node.value)
        if isinstance(entry, AggregateFunction) and isinstance(node.value, nodes.Call):
            self.aggregate(node, node.value)
            return
        self.stored(node.value, "assigned")
        self.from_map_to_map(node)
        if node.op in ("/=", "%="):
            self.divisor(node.value)

    def from_map_to_map(self, node: nodes.Assign) -> None:
        """A map's per-CPU value that is read and put into a map: a number, and hardly meant."""
        source = node.value.map if isinstance(node.value, MapAccess) else node.value
        if not isinstance(source, MapRef):
            return
        known = self.found.maps.get(source.name)
        if known is None or not isinstance(known.value, Aggregate):
            return
        if isinstance(readable(known.value), Aggregate):
            return  # it cannot be read at all, which is said where it is
        target = node.target.map if isinstance(node.target, MapAccess) else node.target
        if (
            node.op == "="
            and isinstance(target, MapRef)
            and not self.found.maps[target.name].settled
        ):
            self.diagnostics.error(
                f"a value of type '{known.value}' cannot be assigned from one map to another",
                node.span,
                f"call {known.value.name}() for it, or make it a number: (int64)@{source.name}",
            )

    def aggregate(self, node: nodes.Assign, call: nodes.Call) -> None:
        if node.op != "=" or not isinstance(node.target, (MapRef, MapAccess)):
            self.readable(call)
        check_arguments(self, call)

    def let(self, node: nodes.Let) -> None:
        kind = self.type_of(node.var)
        if node.type and not storable(kind):
            shown = "void" if kind == NONE else str(kind)
            text = f"a variable cannot have the type '{shown}'"
            self.diagnostics.error(text, node.type.span)
        elif node.value:
            self.stored(node.value, "assigned")

    def unroll(self, node: nodes.Unroll) -> None:
        count = self.constants.get(node.count)
        if type(count) is not int:
            why = unknown_at_build(node.count, self.names)
            self.diagnostics.error(
                f"unroll needs a number that is known at build time{why}", node.count.span,
                "write a literal",
            )  # fmt: skip
        elif not 1 <= count <= _MAX_UNROLL:
            text = f"unroll takes 1 to {_MAX_UNROLL} rounds, not {count}"
            self.diagnostics.error(text, node.count.span)
        self.visit(node.body)

    def while_(self, node: nodes.While) -> None:
        self.condition(node.condition)
        self.visit(node.body)

    def for_range(self, node: nodes.ForRange) -> None:
        for bound in (node.first, node.last):
            kind = self.type_of(bound)
            if kind != NONE and not isinstance(kind, Int):
                text = f"a loop counts between integers, not from or to a '{kind}'"
                self.diagnostics.error(text, bound.span)
            self.value(bound)
        self.visit(node.body)

    def for_map(self, node: nodes.ForMap) -> None:
        entry = self.found.maps.get(node.map.name)
        if not self.known(node.map):
            entry = None
        if entry and not entry.keyed:
            text = f"@{node.map.name} has no keys to loop over"
            self.diagnostics.error(text, node.map.span)
        elif entry and isinstance(readable(entry.value), Aggregate):
            self.diagnostics.error(
                f"a loop over values of type '{entry.value}' is not supported", node.map.span,
                "print the map as a whole",
            )  # fmt: skip
        self.visit(node.body)

    def return_(self, node: nodes.Return) -> None:
        if node.value is None:
            return
        kind = self.type_of(node.value)
        if kind != NONE and not isinstance(kind, Int):
            text = f"a probe returns an integer or nothing, not '{kind}'"
            self.diagnostics.error(text, node.value.span)
        self.value(node.value)

    # --- calls

    def call(self, node: nodes.Call) -> None:
        entry = self.names.entries[node]
        if getattr(entry, "unsafe", False) and not self.context.config.unsafe:
            self.diagnostics.error(
                f"{node.name}() is unsafe: it can do harm", node.span,
                "--unsafe allows it, here and where the object is run",
            )  # fmt: skip
        if isinstance(entry, MapFunction):
            self.map_call(node, entry)
        elif isinstance(entry, AggregateFunction):
            self.readable(node)
        elif isinstance(entry, (Function, EventFunction)):
            check_arguments(self, node)

    def map_call(self, node: nodes.Call, entry: MapFunction) -> None:
        target = node.args[0]
        ref = target.map if isinstance(target, MapAccess) else target
        if not isinstance(ref, MapRef):
            text = f"{node.name}() takes a map, not '{self.type_of(target)}'"
            self.diagnostics.error(text, target.span)
            return
        if isinstance(target, MapAccess) and len(node.args) > 1:
            self.diagnostics.error(
                f"{node.name}() takes a map before a key, not one of its values", target.span,
                f"write {node.name}(@{ref.name}, …)",
            )  # fmt: skip
        elif self.known(ref):
            self.map_keys(node, entry, ref)
        for key in (target.key,) if isinstance(target, MapAccess) else node.args[1:]:
            self.key(key)

    def map_keys(self, node: nodes.Call, entry: MapFunction, ref: MapRef) -> None:
        has_key = isinstance(node.args[0], MapAccess) or len(node.args) > 1
        name = f"@{ref.name}"
        if entry.wants_keys and not self.found.maps[ref.name].keyed:
            text = f"{node.name}() takes a map with keys, and {name} has none"
            self.diagnostics.error(text, node.args[0].span)
        elif entry.keyed and self.found.maps[ref.name].keyed and not has_key:
            self.diagnostics.error(
                f"{node.name}() of {name} needs a key", node.span,
                f"write {node.name}({name}, …)",
            )  # fmt: skip
        elif has_key and not entry.keyed:
            text = f"{node.name}() takes a whole map, not one key"
            self.diagnostics.error(text, node.args[0].span, f"write {node.name}({name})")


_RULES: dict[type[Node], Callable[..., None]] = {
    nodes.If: Checker.if_,
    nodes.Ternary: Checker.ternary,
    nodes.Binary: Checker.binary,
    nodes.Unary: Checker.unary,
    nodes.Member: Checker.member,
    nodes.Index: Checker.operands,
    nodes.Cast: Checker.cast,
    nodes.IncDec: Checker.inc_dec,
    nodes.MapRef: Checker.map_ref,
    nodes.MapAccess: Checker.map_access,
    nodes.Assign: Checker.assign,
    nodes.Let: Checker.let,
    nodes.Unroll: Checker.unroll,
    nodes.Return: Checker.return_,
    nodes.While: Checker.while_,
    nodes.ForRange: Checker.for_range,
    nodes.ForMap: Checker.for_map,
    nodes.TupleLit: Checker.items,
    nodes.RecordLit: Checker.fields,
    nodes.Call: Checker.call,
    nodes.Sizeof: lambda _checker, _node: None,
    nodes.TypeInfo: lambda _checker, _node: None,
}
