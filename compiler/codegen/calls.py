"""Calls of builtins and functions, and blocks that give a value."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aotrace.compiler.builtins.record import Builtin, EventFunction, Function, MapFunction
from aotrace.compiler.codegen import maps
from aotrace.compiler.diagnostics import Diagnostics
from aotrace.compiler.emitter import Reg
from aotrace.compiler.sema.infer import site_of
from aotrace.compiler.syntax import nodes

if TYPE_CHECKING:
    from aotrace.compiler.codegen.emit import ProgramEmitter


def run_block(e: ProgramEmitter, node: nodes.BlockExpr) -> None:
    """What a block does before its value."""
    from aotrace.compiler.codegen.stmt import statement

    for item in node.statements:
        statement(e, item)


def call(e: ProgramEmitter, node: nodes.Call, target: Reg | None) -> Reg:
    """Any call: its scalar value, or the address of its value (`target` where one is given)."""
    entry = e.shared.names.entries[node]
    if isinstance(entry, Builtin):
        return entry.emit(e, e.context, target)
    if isinstance(entry, Function):
        site = site_of(node, e.unit, e.context, Diagnostics())
        return entry.emit(e, site, target)
    if isinstance(entry, MapFunction) and entry.emit:
        return entry.emit(e, *_map_target(e, node))
    e.send(node, 0)
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
