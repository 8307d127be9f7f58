"""Expressions: scalars as i64 values, everything else into memory."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import llvmlite.ir as ir
from aotrace.compiler.builtins.record import Builtin, EventFunction, Function, MapFunction
from aotrace.compiler.codegen import compare, maps, place
from aotrace.compiler.codegen.convert import convert
from aotrace.compiler.codegen.core import RelocKind
from aotrace.compiler.diagnostics import Diagnostics
from aotrace.compiler.emitter import Reg
from aotrace.compiler.sema.infer import site_of
from aotrace.compiler.sema.names import ARGS
from aotrace.compiler.sema.operators import COMPARISONS, compare_signed
from aotrace.compiler.sema.params import COUNT_SETTING, setting_name, text_of
from aotrace.compiler.syntax import nodes
from aotrace.compiler.syntax.nodes import Expr
from aotrace.compiler.types import (
    NONE,
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
)  # fmt: skip

if TYPE_CHECKING:
    from aotrace.compiler.codegen.emit import ProgramEmitter

I64 = ir.IntType(64)


# --- scalars ---------------------------------------------------------------------------------


def value(e: ProgramEmitter, node: Expr) -> Reg:
    """The value of a scalar expression; calls without a value are made for their effect."""
    constant = e.constant_of(node)
    if isinstance(constant, int):
        return e.const(int(constant))
    handler = _VALUES.get(type(node))
    if handler is None:
        return e.const(0)
    return handler(e, node)


def _identifier(e: ProgramEmitter, node: nodes.Ident) -> Reg:
    entry = e.shared.names.entries.get(node)
    if isinstance(entry, Builtin):
        return entry.emit(e, e.context, None)
    constant = e.shared.names.constants[node]
    if constant.enum_id is None:
        return e.const(constant.value)
    return e.core(RelocKind.ENUMVAL_VALUE, constant.enum_id, (constant.enumerator,))


def _parameter(e: ProgramEmitter, node: nodes.Param) -> Reg:
    return e.load(e.setting_at(setting_name(node, e.type_of(node))), 0, 8)


def _parameter_count(e: ProgramEmitter, _node: nodes.ParamCount) -> Reg:
    return e.load(e.setting_at(COUNT_SETTING), 0, 8)


def _variable(e: ProgramEmitter, node: nodes.Var) -> Reg:
    return e.load(variable_slot(e, node), 0, 8)


def _in_memory(e: ProgramEmitter, node: nodes.Member | nodes.Index) -> Reg:
    found = place.find(e, node)
    if found:
        return place.load(e, found)
    if (
        isinstance(node, nodes.Member)
        and isinstance(node.base, nodes.Ident)
        and node.base.name == ARGS
    ):
        return e.argument((e.unit.probe.arguments or {})[node.name])
    return _own_item(e, node)


def _own_item(e: ProgramEmitter, node: Expr) -> Reg:
    address, kind = item_address(e, node)
    return e.load(address, 0, kind.size, getattr(kind, "signed", False))


def item_address(e: ProgramEmitter, node: Expr) -> tuple[Reg, Type]:
    """Where an item of a tuple, record or array of the program's own lies, and its type."""
    assert isinstance(node, (nodes.Member, nodes.TupleItem, nodes.Index))
    outer, base = e.type_of(node.base), e.memory(node.base)
    if isinstance(outer, (Tuple, Record)):
        index = _item_index(e, node, outer)
        return e.offset(base, outer.kind.offsets[index]), outer.items[index]  # type: ignore[attr-defined]
    assert isinstance(node, nodes.Index)
    element = outer.element if isinstance(outer, Array) else Int(1, True)
    count = outer.size // element.size
    if e.constant_of(node.index) is None:
        base = _off_stack(e, base, outer.size)
    index_value = e.bounded(e.value(node.index), max(count - 1, 0))
    moved = e.offset(base, e.op("mul", index_value, element.size), step=element.kind.align)
    return moved, element


def _off_stack(e: ProgramEmitter, base: Reg, size: int) -> Reg:
    region = e.fn.region(size)
    e.copy(region, base, size)
    return region


def _item_index(e: ProgramEmitter, node: Expr, outer: Tuple | Record) -> int:
    if isinstance(node, nodes.Member):
        assert isinstance(outer, Record)
        return outer.names.index(node.name)
    if isinstance(node, nodes.TupleItem):
        return node.index
    assert isinstance(node, nodes.Index)
    return int(e.constant_of(node.index) or 0)


def _unary(e: ProgramEmitter, node: nodes.Unary) -> Reg:
    if node.op == "*":
        found = place.find(e, node)
        assert found is not None
        return place.load(e, found)
    operand = e.value(node.operand)
    if node.op == "!":
        return e.op("eq", operand, 0)
    if node.op == "~":
        return e.op("xor", operand, _all_bits(e.type_of(node.operand)))
    return operand if node.op == "+" else e.op("sub", 0, operand)


def _all_bits(kind: Type) -> int:
    """What ~ turns over: of an unsigned type the bits that it has, or it would not stay one."""
    narrow = isinstance(kind, Int) and not kind.signed and kind.width < 8
    return (1 << 8 * kind.size) - 1 if narrow else -1


_PLAIN = {"+": "add", "-": "sub", "*": "mul", "&": "and", "|": "or", "^": "xor"}
_UNSIGNED = {"<": "ult", "<=": "ule", ">": "ugt", ">=": "uge", "==": "eq", "!=": "ne"}
_SIGNED = {**_UNSIGNED, "<": "slt", "<=": "sle", ">": "sgt", ">=": "sge"}


def _binary(e: ProgramEmitter, node: nodes.Binary) -> Reg:
    if node.op in ("&&", "||"):
        return _logical(e, node)
    left, right = e.type_of(node.left), e.type_of(node.right)
    if node.op in COMPARISONS and not (left.scalar and right.scalar):
        equal = compare.equal(e, node.left, node.right)
        return equal if node.op == "==" else e.op("xor", equal, 1)
    return combine(e, node.op, e.value(node.left), left, e.value(node.right), right)


def combine(
    e: ProgramEmitter, op: str, left: Reg, left_type: Type, right: Reg, right_type: Type
) -> Reg:
    """`left op right` of two scalars."""
    signed = compare_signed(left_type, right_type)
    if op in COMPARISONS:
        return e.op((_SIGNED if signed else _UNSIGNED)[op], left, right)
    if isinstance(left_type, Pointer) and isinstance(right_type, Int):
        right = e.op("mul", right, place.size_of(e, left_type.target))
    elif isinstance(right_type, Pointer) and isinstance(left_type, Int):
        left = e.op("mul", left, place.size_of(e, right_type.target))
    if op in _PLAIN:
        return e.op(_PLAIN[op], left, right)
    if op in ("<<", ">>"):
        count = e.op("and", right, 63)
        own = isinstance(left_type, Int) and left_type.signed and not left_type.flexible
        return e.op("shl" if op == "<<" else "ashr" if own else "lshr", left, count)
    return _divide(e, op, left, right, signed)


def _divide(e: ProgramEmitter, op: str, left: Reg, right: Reg, signed: bool) -> Reg:
    """BPF divides unsigned only: signs are taken off before and put back after, as in C."""
    operation = "udiv" if op == "/" else "urem"
    if not isinstance(right, ir.Constant):
        right = e.hidden(right)  # LLVM would conclude that it is never 0, and drop tests of it
    if not signed:
        return e.op(operation, left, right)
    result = e.op(operation, _magnitude(e, left), _magnitude(e, right))
    sign = left if op == "%" else e.op("xor", left, right)
    return e.select(e.op("slt", sign, 0), e.op("sub", 0, result), result)


def _magnitude(e: ProgramEmitter, number: Reg) -> Reg:
    return e.select(e.op("slt", number, 0), e.op("sub", 0, number), number)


def _logical(e: ProgramEmitter, node: nodes.Binary) -> Reg:
    """Short-circuit: the right side runs only when the left does not settle it."""
    result = e.slot(8)
    e.store(result, 0, 8, e.op("ne", e.value(node.left), 0))
    settled = e.load(result, 0, 8)
    with e.if_(settled if node.op == "&&" else e.op("eq", settled, 0)):
        e.store(result, 0, 8, e.op("ne", e.value(node.right), 0))
    return e.load(result, 0, 8)


def _ternary(e: ProgramEmitter, node: nodes.Ternary) -> Reg:
    result = e.slot(8)
    condition = e.value(node.condition)
    with e.if_else(condition) as (then, other):
        with then:
            e.store(result, 0, 8, e.word(e.value(node.then)) if node.then else e.word(condition))
        with other:
            e.store(result, 0, 8, e.word(e.value(node.other)))
    return e.load(result, 0, 8)


def _cast(e: ProgramEmitter, node: nodes.Cast) -> Reg:
    target, source = e.type_of(node), e.type_of(node.operand)
    if source.scalar:
        return fit(e, e.value(node.operand), target)
    return e.load(
        e.memory(node.operand), 0, min(target.size, source.size), getattr(target, "signed", False)
    )


def fit(e: ProgramEmitter, number: Reg, kind: Type) -> Reg:
    """The low bytes that a type has, extended by its sign; of a bool whether it is not 0."""
    if isinstance(kind, Bool):
        return e.op("ne", number, 0)
    if not isinstance(kind, Int) or kind.width == 8:
        return number
    narrow = e.ir.trunc(e.word(number), ir.IntType(kind.bits))
    return e.extend(narrow, kind.signed)


def _sizeof(e: ProgramEmitter, node: nodes.Sizeof) -> Reg:
    kind = e.unit.types.get(node.operand) or NONE
    return place.size_of(e, kind)


def _offsetof(e: ProgramEmitter, node: nodes.Offsetof) -> Reg:
    struct = e.unit.types[node.operand]
    assert isinstance(struct, Struct)  # inferred
    found = place.at(e.const(0), struct, Space.KERNEL)
    for name in node.path:
        found = place.field(e, found, name)
    return place.address(e, found)


def _block_expression(e: ProgramEmitter, node: nodes.BlockExpr) -> Reg:
    _run(e, node)
    return e.value(node.value)


def _run(e: ProgramEmitter, node: nodes.BlockExpr) -> None:
    """What a block does before its value."""
    from aotrace.compiler.codegen.stmt import statement

    for item in node.statements:
        statement(e, item)


def _inc_dec(e: ProgramEmitter, node: nodes.IncDec) -> Reg:
    kind = e.type_of(node.target)
    step = place.size_of(e, kind.target) if isinstance(kind, Pointer) else e.const(1)
    if isinstance(node.target, nodes.Var):
        slot = variable_slot(e, node.target)
        old = e.load(slot, 0, 8)
        new = fit(e, e.op("add" if node.op == "++" else "sub", old, step), kind)
        e.store(slot, 0, 8, new)
        return new if node.prefix else old
    return _change_map(e, node, step)


def _change_map(e: ProgramEmitter, node: nodes.IncDec, step: Reg) -> Reg:
    """In place and atomically, so that two CPUs never lose a step.

    The value is what was there just before: the kernel can fetch atomically since 5.12 only, and
    LLVM takes a monotonic addition for one that does not.
    """
    assert isinstance(node.target, (nodes.MapRef, nodes.MapAccess))
    result = e.slot(8)
    e.store(result, 0, 8, e.const(0))
    delta = step if node.op == "++" else e.op("sub", 0, step)
    with e.entry(maps.ref_of(node.target), e.key(node.target)) as address:
        old = e.load(address, 0, 8)
        e.ir.atomic_rmw("add", address, delta, "monotonic")
        e.store(result, 0, 8, e.op("add", old, delta) if node.prefix else old)
    return e.load(result, 0, 8)


def _call(e: ProgramEmitter, node: nodes.Call) -> Reg:
    return call(e, node, None)


def call(e: ProgramEmitter, node: nodes.Call, target: Reg | None) -> Reg:
    """Any call: its scalar value, or the address of its value (`target` where one is given)."""
    entry = e.shared.names.entries[node]
    if isinstance(entry, Builtin):
        return entry.emit(e, e.context, target)
    if isinstance(entry, Function):
        site = site_of(node, e.unit, e.shared.constants, e.context, Diagnostics())
        return entry.emit(e, site, target)
    if isinstance(entry, MapFunction) and entry.emit:
        return entry.emit(e, *_map_target(e, node))
    e.event(node)
    if isinstance(entry, EventFunction) and entry.leaves:
        e.leave()
    return e.const(0)


def _map_target(e: ProgramEmitter, node: nodes.Call) -> tuple[nodes.MapRef, Reg]:
    target = node.args[0]
    assert isinstance(target, (nodes.MapRef, nodes.MapAccess))  # checked
    ref = maps.ref_of(target)
    if len(node.args) > 1:
        return ref, maps.key_of(e, ref, node.args[1])  # type: ignore[arg-type]  # no type here
    return ref, e.key(target)


_VALUES: dict[type, Callable[[Any, Any], Reg]] = {
    nodes.Ident: _identifier,
    nodes.Param: _parameter,
    nodes.ParamCount: _parameter_count,
    nodes.Var: _variable,
    nodes.MapRef: maps.read,
    nodes.MapAccess: maps.read,
    nodes.Member: _in_memory,
    nodes.Index: _in_memory,
    nodes.TupleItem: _own_item,
    nodes.Unary: _unary,
    nodes.Binary: _binary,
    nodes.Ternary: _ternary,
    nodes.Cast: _cast,
    nodes.Sizeof: _sizeof,
    nodes.Offsetof: _offsetof,
    nodes.BlockExpr: _block_expression,
    nodes.IncDec: _inc_dec,
    nodes.Call: _call,
}


# --- memory ----------------------------------------------------------------------------------


def memory(e: ProgramEmitter, node: Expr) -> Reg:
    """Address of a value in the program's memory; it may be the value's own home."""
    kind = e.type_of(node)
    if isinstance(node, nodes.BlockExpr):
        _run(e, node)
        return memory(e, node.value)
    if isinstance(node, nodes.StrLit):
        return e.blob(node.value + b"\0")
    if isinstance(node, nodes.Var):
        return variable_slot(e, node)
    if (parameter := text_of(node)) and isinstance(kind, Str):
        return _text_address(e, node, parameter, kind)
    if isinstance(node, (nodes.MapRef, nodes.MapAccess)):
        return maps.found(e, node)
    if isinstance(node, (nodes.TupleItem, nodes.Member, nodes.Index)) and not place.find(e, node):
        return item_address(e, node)[0]
    slot = e.slot(max(kind.size, 8))
    into(e, node, slot, kind)
    return slot


def _text_address(e: ProgramEmitter, node: Expr, parameter: nodes.Param, kind: Str) -> Reg:
    """Of a parameter's text, or of what follows so many bytes of it: nothing, beyond its end."""
    start = e.setting_at(setting_name(parameter, kind))
    if not isinstance(node, nodes.Binary):
        return start
    return e.offset(start, e.bounded(e.value(node.right), kind.capacity - 1))


def into(e: ProgramEmitter, node: Expr, target: Reg, kind: Type) -> None:
    """Store an expression at `target` in the form of `kind`."""
    if isinstance(node, nodes.BlockExpr):
        _run(e, node)
        into(e, node.value, target, kind)
    elif kind.scalar:
        e.store(target, 0, kind.size, e.word(e.value(node)))
    elif isinstance(node, nodes.Ternary) and node.then is not None:
        with e.if_else(e.value(node.condition)) as (then, other):
            with then:
                into(e, node.then, target, kind)
            with other:
                into(e, node.other, target, kind)
    elif isinstance(kind, Str):
        _string_into(e, node, target, kind)
    elif isinstance(kind, (Tuple, Record)):
        if isinstance(node, (nodes.TupleLit, nodes.RecordLit)):
            _items_into(e, node, target, kind)
        else:
            convert(e, memory(e, node), e.type_of(node), target, kind)
    else:
        _other_into(e, node, target, kind)


def _string_into(e: ProgramEmitter, node: Expr, target: Reg, kind: Str) -> None:
    source = e.type_of(node)
    literal = e.constant_of(node)
    assert isinstance(source, Str)
    if isinstance(literal, bytes):
        text = literal[: kind.capacity - 1]
        size = kind.capacity if kind.padded else len(text) + 1
        e.copy(target, e.blob(text.ljust(size, b"\0")), size)
    elif isinstance(node, (nodes.Call, nodes.Ident)):
        if kind.padded and (not source.padded or source.capacity < kind.capacity):
            e.zero(target, kind.capacity)
        _computed_into(e, node, target)
    elif found := place.find(e, node):
        _read_string(e, found, target, kind)
    elif isinstance(node, nodes.Cast):
        _string_into(e, node.operand, target, kind)
    else:
        convert(e, e.memory(node), source, target, kind)


def _read_string(e: ProgramEmitter, found: place.Place, target: Reg, kind: Str) -> None:
    if not kind.padded:
        place.read_into(e, found, target, found.type.size)
        return
    e.zero(target, kind.capacity)
    place.read_string(e, found, target, min(found.type.size, kind.capacity))


def _items_into(
    e: ProgramEmitter, node: nodes.TupleLit | nodes.RecordLit, target: Reg, kind: Tuple | Record
) -> None:
    storage: Any = kind.kind
    if sum(item.size for item in kind.items) != storage.size:
        e.zero(target, storage.size)  # padding is part of a key
    values: dict[str, Expr] = {}
    if isinstance(node, nodes.RecordLit):
        values = {field.name: field.value for field in node.fields}
    for index, (item, offset) in enumerate(zip(kind.items, storage.offsets, strict=True)):
        source = values[kind.names[index]] if isinstance(kind, Record) else node.items[index]  # type: ignore[union-attr]
        e.into(source, e.offset(target, offset), item)


def _other_into(e: ProgramEmitter, node: Expr, target: Reg, kind: Type) -> None:
    if isinstance(node, (nodes.Call, nodes.Ident)) and node in e.shared.names.entries:
        _computed_into(e, node, target)
    elif found := place.find(e, node):
        place.read_into(e, found, target, kind.size)
    elif isinstance(node, nodes.Cast):
        _cast_into(e, node, target, kind)
    else:
        e.copy(target, memory(e, node), kind.size)


def _computed_into(e: ProgramEmitter, node: nodes.Call | nodes.Ident, target: Reg) -> None:
    entry = e.shared.names.entries[node]
    if isinstance(node, nodes.Call):
        call(e, node, target)
    else:
        assert isinstance(entry, Builtin)
        entry.emit(e, e.context, target)


def _cast_into(e: ProgramEmitter, node: nodes.Cast, target: Reg, kind: Type) -> None:
    """To an array or string: the bytes as they lie in memory."""
    source = e.type_of(node.operand)
    if source.scalar:
        slot = e.slot(8)
        e.store(slot, 0, 8, e.value(node.operand))
        e.copy(target, slot, min(kind.size, 8))
    else:
        e.copy(target, memory(e, node.operand), min(kind.size, source.size))


def variable_slot(e: ProgramEmitter, node: nodes.Var) -> Reg:
    """Where a scratch variable lives: 8 bytes for a scalar."""
    variable = e.shared.names.variables[node]
    if variable not in e.variables:
        kind = e.shared.found.variables.get((e.unit, variable), NONE)
        size = 8 if kind.scalar or kind == NONE else kind.size
        e.variables[variable] = e.slot(size)
    return e.variables[variable]
