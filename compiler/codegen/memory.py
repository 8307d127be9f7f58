"""Values in the program's memory: where they are, and how they get there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from aotrace.compiler.builtins.record import Builtin
from aotrace.compiler.codegen import calls, copies, maps, place
from aotrace.compiler.codegen.convert import convert
from aotrace.compiler.codegen.turns import is_carried
from aotrace.compiler.emitter import Reg
from aotrace.compiler.kernel_types import copy_of
from aotrace.compiler.sema.names import is_args
from aotrace.compiler.sema.params import setting_name, text_of
from aotrace.compiler.syntax import nodes
from aotrace.compiler.syntax.nodes import Expr
from aotrace.compiler.types import (
    NONE,
    Aggregate,
    Array,
    Buffer,
    Int,
    Record,
    Str,
    Struct,
    Tuple,
    Type,
)

if TYPE_CHECKING:
    from aotrace.compiler.codegen.emit import ProgramEmitter


class Item(NamedTuple):
    """An item in the program's own memory: where it lies, and which bits it is from there on."""

    address: Reg
    type: Type
    first_bit: int = 0
    bits: int = 0  # 0: it is whole


def item_address(e: ProgramEmitter, node: Expr) -> Item:
    """An item of a tuple, record, struct or array of the program's own."""
    assert isinstance(node, (nodes.Member, nodes.TupleItem, nodes.Index))
    outer, base = e.type_of(node.base), e.memory(node.base)
    if isinstance(outer, Struct):
        assert isinstance(node, nodes.Member)
        kept = copy_of(outer).members[node.name]
        return Item(e.offset(base, kept.offset), kept.type, kept.first_bit, kept.bits)
    if isinstance(outer, (Tuple, Record)):
        index = _item_index(e, node, outer)
        at = e.offset(base, outer.kind.offsets[index])  # type: ignore[attr-defined]
        return Item(at, outer.items[index])
    assert isinstance(node, nodes.Index)
    element = outer.element if isinstance(outer, Array) else Int(1, True)
    count = outer.size // element.size
    if e.constant_of(node.index) is None:
        base = _off_stack(e, base, outer.size)
    index_value = e.value(node.index)
    if isinstance(outer, Array) and e.constant_of(node.index) is None:
        place.check_bounds(e, index_value, count)
    index_value = e.bounded(index_value, max(count - 1, 0))
    moved = e.offset(base, e.op("mul", index_value, element.size), step=element.kind.align)
    return Item(moved, element)


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


def memory(e: ProgramEmitter, node: Expr) -> Reg:
    """Address of a value in the program's memory; it may be the value's own home."""
    with e.placed(node.span):
        return _memory(e, node)


def _memory(e: ProgramEmitter, node: Expr) -> Reg:
    kind = e.type_of(node)
    node = e.unit.stands_for(node)
    if isinstance(node, nodes.BlockExpr):
        calls.run_block(e, node)
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
        return item_address(e, node).address
    slot = e.slot(max(kind.size, 8))
    into(e, node, slot, kind)
    return slot


def _text_address(e: ProgramEmitter, node: Expr, parameter: nodes.Param, kind: Str) -> Reg:
    """Of a parameter's text, or of what follows so many bytes of it: nothing, beyond its end."""
    start = e.setting_at(setting_name(parameter, kind))
    if not isinstance(node, nodes.Binary):
        return start
    return e.offset(start, e.bounded(e.value(node.right), kind.capacity - 1))


def settled(e: ProgramEmitter, node: nodes.Ternary) -> Expr | None:
    """The branch that is taken, where that is known at build time."""
    condition = e.constant_of(node.condition)
    if condition is None:
        return None
    return (node.then or node.condition) if condition else node.other


def into(e: ProgramEmitter, node: Expr, target: Reg, kind: Type) -> None:
    """Store an expression at `target` in the form of `kind`."""
    with e.placed(node.span):
        _into(e, e.unit.stands_for(node), target, kind)


def _into(e: ProgramEmitter, node: Expr, target: Reg, kind: Type) -> None:
    if isinstance(node, nodes.BlockExpr):
        calls.run_block(e, node)
        into(e, node.value, target, kind)
    elif kind.scalar:
        e.store(target, 0, kind.size, e.word(e.value(node)))
    elif isinstance(node, nodes.Ternary) and (branch := settled(e, node)):
        into(e, branch, target, kind)
    elif isinstance(node, nodes.Ternary) and node.then is not None:
        with e.if_else(e.value(node.condition)) as (then, other):
            with then:
                into(e, node.then, target, kind)
            with other:
                into(e, node.other, target, kind)
    elif isinstance(kind, Aggregate) and isinstance(node, nodes.MapAccess):
        maps.merged_into(e, node, target)
    elif is_args(node):
        _arguments_into(e, target, kind)
    elif isinstance(kind, Str):
        _string_into(e, node, target, kind)
    elif isinstance(kind, (Tuple, Record)):
        if isinstance(node, (nodes.TupleLit, nodes.RecordLit)):
            _items_into(e, node, target, kind)
        elif (found := place.find(e, node)) and kind.kind.spec() == e.type_of(node).kind.spec():
            copies.into(e, found, target, kind)
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
        copies.into(e, found, target, kind)
    elif isinstance(node, nodes.Cast):
        _string_into(e, node.operand, target, kind)
    else:
        convert(e, e.memory(node), source, target, kind)


def _items_into(
    e: ProgramEmitter, node: nodes.TupleLit | nodes.RecordLit, target: Reg, kind: Tuple | Record
) -> None:
    storage: Any = kind.kind
    if sum(item.size for item in kind.items) != storage.size:
        e.zero(target, storage.size)  # padding is part of a key
    for index, source in _in_order(node, kind):
        e.into(source, e.offset(target, storage.offsets[index]), kind.items[index])


def _in_order(
    node: nodes.TupleLit | nodes.RecordLit, kind: Tuple | Record
) -> Iterator[tuple[int, Expr]]:
    """The items as they are written, each with its place in the value."""
    if isinstance(node, nodes.TupleLit):
        yield from enumerate(node.items)
        return
    assert isinstance(kind, Record)  # inferred
    for field in node.fields:
        yield kind.names.index(field.name), field.value


def _arguments_into(e: ProgramEmitter, target: Reg, kind: Type) -> None:
    assert isinstance(kind, Record)  # inferred
    storage: Any = kind.kind
    e.zero(target, storage.size)
    for name, item, offset in zip(kind.names, kind.items, storage.offsets, strict=True):
        if found := place.argument(e, name):
            copies.guarded_into(e, found, e.offset(target, offset), item)
        else:
            assert e.unit.probe.arguments
            value = e.argument(e.unit.probe.arguments[name])
            e.store(target, offset, item.size, e.word(value))


def _other_into(e: ProgramEmitter, node: Expr, target: Reg, kind: Type) -> None:
    size = min(e.type_of(node).size, kind.size) if isinstance(kind, Buffer) else kind.size
    if size < kind.size:
        e.zero(target, kind.size)  # a shorter one in the place of a longer one
    if isinstance(node, (nodes.Call, nodes.Ident)) and node in e.shared.names.entries:
        _computed_into(e, node, target)
    elif found := place.find(e, node):
        copies.into(e, found, target, kind)
    elif isinstance(node, nodes.Cast):
        _cast_into(e, node, target, kind)
    else:
        e.copy(target, memory(e, node), size)


def _computed_into(e: ProgramEmitter, node: nodes.Call | nodes.Ident, target: Reg) -> None:
    entry = e.shared.names.entries[node]
    if isinstance(node, nodes.Call):
        calls.call(e, node, target)
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
        take = e.fn.region if is_carried(e, variable, kind) else e.fn.slot
        e.variables[variable] = take(size, lasting=True)
    return e.variables[variable]
