"""Scalar expressions, as i64 values. What does not fit a register is memory.py's."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from aotrace.compiler.builtins.record import Builtin
from aotrace.compiler.codegen import calls, maps, memory, operators, place
from aotrace.compiler.codegen.core import RelocKind
from aotrace.compiler.emitter import Reg
from aotrace.compiler.sema.names import is_args
from aotrace.compiler.sema.params import COUNT_SETTING, setting_name
from aotrace.compiler.syntax import nodes
from aotrace.compiler.syntax.nodes import Expr
from aotrace.compiler.types import NONE, Pointer, Space, Str, Struct

if TYPE_CHECKING:
    from aotrace.compiler.codegen.emit import ProgramEmitter


def value(e: ProgramEmitter, node: Expr) -> Reg:
    """The value of a scalar expression; calls without a value are made for their effect."""
    constant = e.constant_of(node)
    if isinstance(constant, int):
        return e.const(int(constant))
    handler = _VALUES.get(type(node))
    if handler is None:
        return e.const(0)
    with e.placed(node.span):
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
    return e.load(memory.variable_slot(e, node), 0, 8)


def _in_memory(e: ProgramEmitter, node: nodes.Member | nodes.Index | nodes.TupleItem) -> Reg:
    found = place.find(e, node)
    if found:
        return place.load(e, found)
    if isinstance(node, nodes.Member) and is_args(node.base):
        return e.argument((e.unit.probe.arguments or {})[node.name])
    return _own_item(e, node)


def _own_item(e: ProgramEmitter, node: Expr) -> Reg:
    address, kind, first, bits = memory.item_address(e, node)
    signed = getattr(kind, "signed", False)
    if not bits:
        return e.load(address, 0, kind.size, signed)
    slot, size = e.slot(16), -(-(first + bits) // 8)
    e.zero(slot, 16)
    e.copy(slot, address, size)
    return place.cut(e, slot, first, bits, signed)


def _ternary(e: ProgramEmitter, node: nodes.Ternary) -> Reg:
    left = e.unit.stands_for(node)
    if left is not node:
        return e.value(left)
    if branch := memory.settled(e, node):
        return e.value(branch)
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
        return operators.fit(e, operators.as_address(e, node.operand, target), target)
    if isinstance(target, Pointer):
        return e.address(node.operand)
    if isinstance(source, Str):
        return e.op("ne", e.load(e.memory(node.operand), 0, 1), 0)  # whether there is any text
    return e.load(
        e.memory(node.operand), 0, min(target.size, source.size), getattr(target, "signed", False)
    )


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
    calls.run_block(e, node)
    return e.value(node.value)


def _inc_dec(e: ProgramEmitter, node: nodes.IncDec) -> Reg:
    kind = e.type_of(node.target)
    step = place.size_of(e, kind.target, kind.space) if isinstance(kind, Pointer) else e.const(1)
    if isinstance(node.target, nodes.Var):
        slot = memory.variable_slot(e, node.target)
        old = e.load(slot, 0, 8)
        new = operators.fit(e, e.op("add" if node.op == "++" else "sub", old, step), kind)
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
    with maps.entry(e, maps.ref_of(node.target), e.key(node.target), is_read=True) as address:
        old = e.load(address, 0, 8)
        e.ir.atomic_rmw("add", address, delta, "monotonic")
        e.store(result, 0, 8, e.op("add", old, delta) if node.prefix else old)
    return e.load(result, 0, 8)


def _call(e: ProgramEmitter, node: nodes.Call) -> Reg:
    return calls.call(e, node, None)


_VALUES: dict[type, Callable[[Any, Any], Reg]] = {
    nodes.Ident: _identifier,
    nodes.Param: _parameter,
    nodes.ParamCount: _parameter_count,
    nodes.Var: _variable,
    nodes.MapRef: maps.read,
    nodes.MapAccess: maps.read,
    nodes.Member: _in_memory,
    nodes.Index: _in_memory,
    nodes.TupleItem: _in_memory,
    nodes.Unary: operators.unary,
    nodes.Binary: operators.binary,
    nodes.Ternary: _ternary,
    nodes.Cast: _cast,
    nodes.Sizeof: _sizeof,
    nodes.Offsetof: _offsetof,
    nodes.BlockExpr: _block_expression,
    nodes.Comptime: lambda e, node: e.value(node.operand),
    nodes.IncDec: _inc_dec,
    nodes.Call: _call,
}
