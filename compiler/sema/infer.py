"""Type inference: the type of every expression, variable and map.

Bodies are walked until nothing changes: a variable's type is the promotion of all that is assigned
to it, a map's
those of its keys and values over the whole script. Mismatches are reported in one last walk, when
types are final, so that an early guess is never shown to a user.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from aotrace.compiler.builtins import BY_NAME
from aotrace.compiler.builtins.record import (
    AggregateFunction,
    Builtin,
    Function,
    MapFunction,
    ProbeContext,
    Site,
)  # fmt: skip
from aotrace.compiler.config import Config
from aotrace.compiler.diagnostics import Diagnostics, did_you_mean
from aotrace.compiler.kernel.btf import Btf
from aotrace.compiler.kernel_types import field_names, field_of, incomplete, redefined
from aotrace.compiler.sema.casts import cast_type
from aotrace.compiler.sema.fold import Constant
from aotrace.compiler.sema.names import ARGS, Names
from aotrace.compiler.sema.operators import binary_type, unary_type, unreadable
from aotrace.compiler.sema.params import COUNT, NUMBER, text_arguments, text_of
from aotrace.compiler.sema.tables import NodeTable, Variable
from aotrace.compiler.sema.typeexpr import UNSIZED_TEXT, TypeReader
from aotrace.compiler.sema.units import Unit
from aotrace.compiler.syntax import nodes
from aotrace.compiler.syntax.nodes import MapAccess, MapRef, Node
from aotrace.compiler.syntax.walk import children
from aotrace.compiler.types import (
    INT64,
    NONE,
    UINT64,
    Aggregate,
    Array,
    Bool,
    Int,
    Pointer,
    Record,
    Space,
    Str,
    Struct,
    Tuple,
    Type,
    holds,
    literal,
    padded,
    promote,
)  # fmt: skip

_MAX_ROUNDS = 32  # each round can only widen types, of which there are few


@dataclass
class MapTypes:
    """Key and value of one map as far as known; `keyed` by its first use in the script."""

    key: Type | None = None
    value: Type = NONE
    #: None until a use tells
    keyed: bool | None = None


@dataclass
class Inference:
    """All that inference found beside the units' own type tables."""

    maps: dict[str, MapTypes] = field(default_factory=dict)
    variables: dict[tuple[Unit, Variable], Type] = field(default_factory=dict)


def infer_types(
    units: list[Unit],
    names: Names,
    constants: NodeTable[Constant],
    btf: Btf,
    config: Config,
    diagnostics: Diagnostics,
) -> Inference:
    """Give every unit its types. Reports each mismatch once, when all types are settled."""
    found = Inference()
    silent = Diagnostics()
    for _ in range(_MAX_ROUNDS):
        before = _state(found)
        _round(found, units, names, constants, btf, config, silent)
        if _state(found) == before:
            break
    _round(found, units, names, constants, btf, config, diagnostics)
    return found


def _state(found: Inference) -> object:
    return [
        *((name, m.key, m.value, m.keyed) for name, m in found.maps.items()),
        *((v.name, repr(t)) for (_, v), t in found.variables.items()),
    ]


def _round(
    found: Inference, units: list[Unit], names: Names, constants: NodeTable[Constant],
    btf: Btf, config: Config, diagnostics: Diagnostics,
) -> None:  # fmt: skip
    for unit in units:
        context = ProbeContext(unit.probe, btf, config)
        walker = _Walker(found, unit, names, constants, context, diagnostics)
        if unit.node.predicate:
            walker.visit(unit.node.predicate)
        walker.visit(unit.node.body)


class _Walker:
    """One walk over one unit's body."""

    def __init__(
        self, found: Inference, unit: Unit, names: Names, constants: NodeTable[Constant],
        context: ProbeContext, diagnostics: Diagnostics,
    ) -> None:  # fmt: skip
        self.found = found
        self.unit = unit
        self.names = names
        self.constants = constants
        self.context = context
        self.diagnostics = diagnostics
        self.types_written = TypeReader(context.btf, diagnostics, self.visit)

    def visit(self, node: Node) -> Type:
        """The node's type, which is also put into the unit's table."""
        handler = _HANDLERS.get(type(node))
        if handler is None:
            for child in children(node):
                self.visit(child)
            return NONE
        found = redefined(handler(self, node), self.context.btf)
        self.unit.types[node] = found
        return found

    # --- leaves

    def integer(self, node: nodes.IntLit) -> Type:
        return literal(node.value)

    def string(self, node: nodes.StrLit) -> Type:
        return Str(len(node.value) + 1)

    def boolean(self, _node: nodes.BoolLit) -> Type:
        return Bool()

    def parameter(self, _node: nodes.Param) -> Type:
        return NUMBER

    def parameter_count(self, _node: nodes.ParamCount) -> Type:
        return COUNT

    def as_text(self, node: Node) -> Type:
        """The type of a positional parameter where its text is wanted, or of `$1 + offset`."""
        kind = Str(self.context.config.max_strlen)
        for part in (node, text_of(node)):
            if part is not None:
                self.unit.types[part] = kind
        return kind

    def identifier(self, node: nodes.Ident) -> Type:
        entry = self.names.entries.get(node)
        if isinstance(entry, Builtin):
            return self.builtin(entry, node)
        constant = self.names.constants.get(node)
        return constant.type if constant else NONE

    def builtin(self, entry: Builtin, node: Node) -> Type:
        found = entry.type(self.context)
        if found is None:
            kind = self.unit.probe.kind.name
            hints = entry.hints(self.context) if entry.hints else ()
            text = f"`{entry.name}` is not available in {kind} probes"
            self.diagnostics.error(text, node.span, *hints)
        return found or NONE

    def variable(self, node: nodes.Var) -> Type:
        variable = self.names.variables.get(node)
        return self.found.variables.get((self.unit, variable), NONE) if variable else NONE

    # --- maps

    def map_of(self, ref: MapRef) -> MapTypes:
        return self.found.maps.setdefault(ref.name, MapTypes())

    def scalar_map(self, node: MapRef) -> Type:
        """A map named as a value: only one without keys is one."""
        return readable(self.map_of(node).value)

    def map_access(self, node: MapAccess) -> Type:
        self.note_key(node, self.visit(node.key))
        return readable(self.map_of(node.map).value)

    def note_key(self, access: MapAccess, key: Type) -> None:
        entry = self.map_of(access.map)
        if not self.noted_keyed(access, True):
            return
        merged = promote(entry.key or NONE, key)
        if merged is None:
            self.diagnostics.error(
                f"Argument mismatch for @{access.map.name}: trying to access with arguments: "
                f"'{key}' when map expects arguments: '{entry.key}'",
                access.span,
            )
        else:
            entry.key = padded(merged) if merged != NONE else entry.key

    def noted_keyed(self, node: MapRef | MapAccess, keyed: bool) -> bool:
        """The first use settles whether a map has keys; False after an error."""
        ref = node.map if isinstance(node, MapAccess) else node
        entry = self.map_of(ref)
        if entry.keyed in (None, keyed):
            entry.keyed = keyed
            return True
        before, hint = ("with", "write @{}[…]") if entry.keyed else ("without", "write @{}")
        self.diagnostics.error(
            f"@{ref.name} is used {'with' if keyed else 'without'} a key, "
            f"but {before} one before",
            node.span, hint.format(ref.name),
        )  # fmt: skip
        return False

    def note_value(self, target: MapRef | MapAccess, value: Type, span_of: Node) -> None:
        ref = target.map if isinstance(target, MapAccess) else target
        entry = self.map_of(ref)
        if isinstance(target, MapRef) and not self.noted_keyed(target, False):
            return
        merged = merge_values(entry.value, value)
        if merged is None:
            differs = str(value) != str(entry.value)
            self.diagnostics.error(
                f"Type mismatch for @{ref.name}: trying to assign value of type '{value}' "
                f"when map already has a type '{entry.value}'"
                + ("" if differs else " with other parameters"),
                span_of.span,
            )
        else:
            entry.value = merged
        self.unit.types[target] = entry.value

    # --- memory

    def member(self, node: nodes.Member) -> Type:
        if isinstance(node.base, nodes.Ident) and node.base.name == ARGS:
            return self.argument(node)
        base = self.visit(node.base)
        outer = base.target if isinstance(base, Pointer) else base
        if isinstance(outer, Struct):
            return self.field(node, outer)
        if isinstance(base, Record):
            return self.record_item(node, base)
        if base != NONE:
            self.diagnostics.error(
                f"cannot take field `{node.name}` of a value of type '{base}'", node.field_span,
                "cast it to a pointer to the struct that it points to",
            )  # fmt: skip
        return NONE

    def field(self, node: nodes.Member, base: Struct) -> Type:
        info = field_of(base, node.name)
        if info is None:
            hints = did_you_mean(node.name, field_names(base))
            self.diagnostics.error(f"`{base}` has no field `{node.name}`", node.field_span, *hints)
            return NONE
        if info.type == NONE:
            self.diagnostics.error(
                f"the field `{node.name}` is no integer, pointer, array or struct", node.field_span,
                "BPF has no floating point",
            )  # fmt: skip
        return self.lying_by(node.base, info.type)

    def lying_by(self, node: Node, kind: Type) -> Type:
        """The type of what is read at `node`: a pointer in user memory points to user memory."""
        if isinstance(kind, Pointer) and self.space_of(node) is Space.USER:
            return replace(kind, space=Space.USER)
        return kind

    def space_of(self, node: Node) -> Space:
        """Which memory an lvalue or what a pointer points to lies in."""
        kind = self.unit.types.get(node)
        while not isinstance(kind, Pointer) and isinstance(node, (nodes.Member, nodes.Index)):
            node = node.base
            kind = self.unit.types.get(node)
        if isinstance(node, nodes.Unary) and not isinstance(kind, Pointer):
            kind = self.unit.types.get(node.operand)
        return kind.space if isinstance(kind, Pointer) else Space.KERNEL

    def record_item(self, node: nodes.Member, base: Record) -> Type:
        if node.name in base.names:
            return base.items[base.names.index(node.name)]
        hints = did_you_mean(node.name, base.names) or (f"it has: {', '.join(base.names)}",)
        self.diagnostics.error(f"the record has no `{node.name}`", node.field_span, *hints)
        return NONE

    def argument(self, node: nodes.Member) -> Type:
        arguments = self.unit.probe.arguments
        kind = self.unit.probe.kind.name
        if arguments is None:
            self.diagnostics.error(f"`args` is not available in {kind} probes", node.span)
            return NONE
        found = arguments.get(node.name)
        if found is None:
            known = ", ".join(arguments)
            hints = did_you_mean(node.name, arguments) or (f"it has: {known}",)
            text = f"`{self.unit.probe.text}` has no argument `{node.name}`"
            self.diagnostics.error(text, node.field_span, *hints)
            return NONE
        return found.type

    def index(self, node: nodes.Index) -> Type:
        base, index = self.visit(node.base), self.visit(node.index)
        if index != NONE and not isinstance(index, (Int, Bool)):
            self.diagnostics.error(f"an index must be an integer, not '{index}'", node.index.span)
        constant = self.constants.get(node.index)
        if isinstance(base, Array):
            self.check_bound(node, base.count, constant)
            return self.lying_by(node.base, base.element)
        if isinstance(base, Pointer) and base.target != NONE:
            stepped_over = self.stepping(base, node)
            return self.lying_by(node.base, base.target) if stepped_over != NONE else NONE
        if isinstance(base, Str):
            self.check_bound(node, base.capacity, constant)
            return Int(1, True)
        if isinstance(base, Tuple) and isinstance(constant, int):
            return self.tuple_item_at(base, constant, node)
        if base != NONE:
            self.diagnostics.error(f"cannot index a value of type '{base}'", node.base.span)
        return NONE

    def check_bound(self, node: nodes.Index, count: int, constant: Constant | None) -> None:
        if isinstance(constant, int) and (constant < 0 or 0 < count <= constant):
            self.diagnostics.error(
                f"the index {constant} is out of bounds for array of size {count}",
                node.index.span,
            )

    def tuple_item(self, node: nodes.TupleItem) -> Type:
        base = self.visit(node.base)
        if isinstance(base, Tuple):
            return self.tuple_item_at(base, node.index, node)
        if base != NONE:
            self.diagnostics.error(f"a value of type '{base}' has no item .{node.index}", node.span)
        return NONE

    def tuple_item_at(self, base: Tuple, index: int, node: Node) -> Type:
        if 0 <= index < len(base.items):
            return base.items[index]
        self.diagnostics.error(f"the tuple has {len(base.items)} items, no item {index}", node.span)
        return NONE

    # --- operators

    def unary(self, node: nodes.Unary) -> Type:
        operand = self.visit(node.operand)
        constant = self.constants.get(node)
        if isinstance(constant, int) and not isinstance(constant, bool):
            return UINT64 if node.op == "~" else literal(constant)
        found = unary_type(node, operand, self.diagnostics)
        return self.lying_by(node.operand, found) if node.op == "*" else found

    def binary(self, node: nodes.Binary) -> Type:
        left, right = self.visit(node.left), self.visit(node.right)
        if isinstance(node.left, nodes.Param) and isinstance(right, Str):
            left = self.as_text(node.left)
        if isinstance(node.right, nodes.Param) and isinstance(left, Str):
            right = self.as_text(node.right)
        found = binary_type(node, left, right, self.diagnostics)
        return self.stepping(found, node)

    def stepping(self, kind: Type, node: Node) -> Type:
        """The type of a pointer that is moved by elements; reports one whose size is not known."""
        if isinstance(kind, Pointer) and incomplete(kind.target):
            self.diagnostics.error(
                f"the size of `{kind.target}` is not known: it is declared only", node.span
            )
            return NONE
        return kind

    def ternary(self, node: nodes.Ternary) -> Type:
        condition = self.visit(node.condition)
        then = self.visit(node.then) if node.then else condition
        other = self.visit(node.other)
        merged = promote(then, other)
        if merged is None:
            self.diagnostics.error(
                f"Ternary operator must return the same type: have '{then}' and '{other}'",
                node.span,
            )
        return merged or NONE

    def cast(self, node: nodes.Cast) -> Type:
        operand = self.visit(node.operand)
        target = self.types_written.read(node.type)
        if NONE in (operand, target):
            return target
        found = cast_type(target, operand)
        if found is None:
            self.diagnostics.error(f"Cannot cast from '{operand}' to '{target}'", node.span)
        return found or target

    def sizeof(self, node: nodes.Sizeof) -> Type:
        self.unit.types[node.operand] = found = self.types_written.of(node.operand)
        self.stepping(Pointer(found), node)
        return UINT64

    def offsetof(self, node: nodes.Offsetof) -> Type:
        """The struct's type is kept at the operand, for codegen."""
        found = self.types_written.of(node.operand)
        self.unit.types[node.operand] = found = pointed(found)
        for name in node.path:
            if not isinstance(found, Struct):
                self.diagnostics.error(f"'{found}' is not a struct or union", node.span)
                return UINT64
            info = field_of(found, name)
            if info is None:
                hints = did_you_mean(name, field_names(found))
                self.diagnostics.error(f"`{found}` has no field `{name}`", node.span, *hints)
                return UINT64
            found = redefined(info.type, self.context.btf)
        return UINT64

    def block_expression(self, node: nodes.BlockExpr) -> Type:
        for statement in node.statements:
            self.visit(statement)
        return self.visit(node.value)

    def inc_dec(self, node: nodes.IncDec) -> Type:
        target = node.target
        if isinstance(target, (MapRef, MapAccess)):
            current = self.visit(target)
            kind = current if isinstance(current, Pointer) else stepped(node.op, current)
            self.note_value(target, kind, node)
            return kind
        found = self.visit(target)
        if found != NONE and not isinstance(found, (Int, Pointer)):
            self.diagnostics.error(
                f"The {node.op} operator can not be used on expressions of type '{found}'",
                node.span,
            )
        elif isinstance(target, nodes.Var) and isinstance(found, Int):
            self.note_variable(target, stepped(node.op, found), node)
        return self.stepping(found, node)

    def tuple(self, node: nodes.TupleLit) -> Type:
        return Tuple(tuple(self.visit(item) for item in node.items))

    def record(self, node: nodes.RecordLit) -> Type:
        items = tuple(self.visit(f.value) for f in node.fields)
        return Record(tuple(f.name for f in node.fields), items)

    # --- calls

    def call(self, node: nodes.Call) -> Type:
        entry = self.names.entries.get(node)
        if isinstance(entry, Builtin):
            return self.builtin(entry, node)
        if isinstance(entry, MapFunction):
            return self.map_call(node, entry)
        site = self.site(node)
        if isinstance(entry, (Function, AggregateFunction)):
            return entry.type(site) if NONE not in site.types else NONE
        return NONE

    def site(self, node: nodes.Call) -> Site:
        types = [self.visit(arg) for arg in node.args]
        constants = tuple(self.constants.get(arg) for arg in node.args)
        for index in text_arguments(self.names.entries.get(node), node.args, constants):
            types[index] = self.as_text(node.args[index])
        return Site(node, tuple(types), constants, self.context, self.diagnostics)

    def map_call(self, node: nodes.Call, entry: MapFunction) -> Type:
        for arg in node.args:
            self.visit(arg)
        target = node.args[0] if node.args else None
        if len(node.args) == 2 and isinstance(target, MapRef):
            access = MapAccess(node.span, target, node.args[1])  # type: ignore[arg-type]
            self.note_key(access, self.unit.types.get(access.key) or NONE)
        return entry.type

    # --- statements

    def assign(self, node: nodes.Assign) -> Type:
        value, current = self.visit(node.value), self.visit(node.target)
        if node.op != "=":
            value = self.compound(node, current, value)
        if isinstance(node.target, (MapRef, MapAccess)):
            self.note_value(node.target, value, node)
        elif isinstance(node.target, nodes.Var):
            self.note_variable(node.target, value, node)
        return NONE

    def compound(self, node: nodes.Assign, current: Type, value: Type) -> Type:
        current = INT64 if current == NONE else current
        as_binary = nodes.Binary(node.span, node.op[:-1], node.target, node.value, node.op_span)
        return binary_type(as_binary, current, value, self.diagnostics)

    def note_variable(
        self,
        node: nodes.Var,
        value: Type,
        where: nodes.Assign | nodes.Let | nodes.IncDec,
    ) -> None:
        """`value` is assigned to a variable at `where`."""
        variable = self.names.variables.get(node)
        if variable is None:
            return
        if isinstance(value, Aggregate):
            self.refuse_aggregate(value, where)
            return
        key = (self.unit, variable)
        current = self.found.variables.get(key, NONE)
        declared = self.types_written.read(variable.declared) if variable.declared else NONE
        if declared == UNSIZED_TEXT:
            merged = promote(Str(1) if current == NONE else current, value)
        elif declared != NONE:
            current = declared
            merged = current if self.fits(current, value, where) else None
        else:
            merged = promote(current, value)
        if merged is None:
            self.diagnostics.error(
                f"Type mismatch for ${variable.name}: trying to assign value of type '{value}' "
                f"when variable already has a type '{current}'",
                where.span,
            )
            merged = current
        self.found.variables[key] = self.unit.types[node] = padded(merged)

    def refuse_aggregate(
        self, kind: Aggregate, where: nodes.Assign | nodes.Let | nodes.IncDec
    ) -> None:
        value = where.target if isinstance(where, nodes.IncDec) else where.value
        unreadable(kind, value or where, self.diagnostics)

    def fits(
        self,
        declared: Type,
        value: Type,
        where: nodes.Assign | nodes.Let | nodes.IncDec,
    ) -> bool:
        """Whether a declared variable takes a value; integers are cut to its size."""
        if NONE in (declared, value):
            return True
        if not (isinstance(declared, Int) and isinstance(value, Int)):
            return promote(declared, value) == declared
        written = not isinstance(where, nodes.IncDec) and getattr(where, "op", "=") == "="
        constant = self.constants.get(where.value) if written and where.value else None  # type: ignore[union-attr]
        if isinstance(constant, int):
            return holds(declared, constant)
        if written and promote(declared, value) != declared:
            self.diagnostics.warning(
                f"a value of type '{value}' is cut to '{declared}' here",
                where.span, f"write ({declared}) before it if that is meant",
            )  # fmt: skip
        return True

    def for_range(self, node: nodes.ForRange) -> Type:
        self.visit(node.first)
        self.visit(node.last)
        self.loop_variable(node.var, INT64)
        self.visit(node.body)
        return NONE

    def loop_variable(self, node: nodes.Var, kind: Type) -> None:
        if variable := self.names.variables.get(node):
            self.found.variables[self.unit, variable] = self.unit.types[node] = kind

    def for_map(self, node: nodes.ForMap) -> Type:
        entry = self.map_of(node.map)
        if entry.key is not None and NONE not in (entry.key, entry.value):
            self.loop_variable(node.var, Tuple((entry.key, readable(entry.value))))
        self.visit(node.body)
        return NONE

    def let(self, node: nodes.Let) -> Type:
        value = self.visit(node.value) if node.value else NONE
        self.note_variable(node.var, value, node)
        return NONE


def merge_values(current: Type, new: Type) -> Type | None:
    """The type of a map's values after one more; None where the two do not mix."""
    if new == NONE:
        return current
    if isinstance(current, Aggregate) and isinstance(new, Aggregate):
        signs_differ = current.name == new.name and current.signed != new.signed
        return (current if current.signed else new) if signs_differ or current == new else None
    if isinstance(current, Aggregate) or isinstance(new, Aggregate):
        return new if current == NONE else None
    merged = promote(current, new)
    return _map_value(padded(merged)) if merged else None


def readable(kind: Type) -> Type:
    """What a map's value reads as: an aggregate that can be merged is an integer."""
    entry = BY_NAME.get(kind.name) if isinstance(kind, Aggregate) else None
    merges = isinstance(entry, AggregateFunction) and entry.merge
    return Int(8, kind.signed) if isinstance(kind, Aggregate) and merges else kind


def pointed(kind: Type) -> Type:
    """What a pointer to a struct points to; any other type as it is."""
    return kind.target if isinstance(kind, Pointer) else kind


def stepped(op: str, kind: Type) -> Type:
    """The type of an integer after ++ or --."""
    unsigned = op == "++" and isinstance(kind, Int) and not kind.signed
    return UINT64 if unsigned else INT64


def _map_value(kind: Type) -> Type:
    """Maps keep plain integers in 64 bits, so that they can be changed in place."""
    return Int(8, kind.signed, kind.flexible) if type(kind) is Int else kind


def site_of(
    node: nodes.Call, unit: Unit, constants: NodeTable[Constant], context: ProbeContext,
    diagnostics: Diagnostics,
) -> Site:  # fmt: skip
    """The call as its record's callbacks see it, once types are final."""
    types = tuple(unit.types.get(arg) or NONE for arg in node.args)
    values = tuple(constants.get(arg) for arg in node.args)
    return Site(node, types, values, context, diagnostics)


_HANDLERS: dict[type[Node], Callable[..., Type]] = {
    nodes.IntLit: _Walker.integer,
    nodes.StrLit: _Walker.string,
    nodes.BoolLit: _Walker.boolean,
    nodes.Param: _Walker.parameter,
    nodes.ParamCount: _Walker.parameter_count,
    nodes.Ident: _Walker.identifier,
    nodes.Var: _Walker.variable,
    nodes.MapRef: _Walker.scalar_map,
    nodes.MapAccess: _Walker.map_access,
    nodes.Member: _Walker.member,
    nodes.Index: _Walker.index,
    nodes.TupleItem: _Walker.tuple_item,
    nodes.Unary: _Walker.unary,
    nodes.Binary: _Walker.binary,
    nodes.Ternary: _Walker.ternary,
    nodes.Cast: _Walker.cast,
    nodes.Sizeof: _Walker.sizeof,
    nodes.Offsetof: _Walker.offsetof,
    nodes.BlockExpr: _Walker.block_expression,
    nodes.IncDec: _Walker.inc_dec,
    nodes.TupleLit: _Walker.tuple,
    nodes.RecordLit: _Walker.record,
    nodes.Call: _Walker.call,
    nodes.Assign: _Walker.assign,
    nodes.Let: _Walker.let,
    nodes.ForRange: _Walker.for_range,
    nodes.ForMap: _Walker.for_map,
}
