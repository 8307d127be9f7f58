"""Statements."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from aotrace.compiler.builtins.record import AggregateFunction
from aotrace.compiler.codegen import loops, maps, memory, operators
from aotrace.compiler.diagnostics import Diagnostics
from aotrace.compiler.sema.infer import site_of
from aotrace.compiler.sema.tables import Variable
from aotrace.compiler.sema.units import taken
from aotrace.compiler.syntax import nodes
from aotrace.compiler.syntax.nodes import MapAccess, MapRef, Stmt
from aotrace.compiler.syntax.walk import walk
from aotrace.compiler.types import NONE

if TYPE_CHECKING:
    from aotrace.compiler.codegen.emit import ProgramEmitter


def statement(e: ProgramEmitter, node: Stmt) -> None:
    """Emit one statement; its instructions carry its place in the script."""
    e.fn.at(node.span)
    with e.fn.lending(), e.placed(node.span):
        _STATEMENTS[type(node)](e, node)


def block(e: ProgramEmitter, node: nodes.Block) -> None:
    for item in node.statements:
        statement(e, item)


def _expression(e: ProgramEmitter, node: nodes.ExprStmt) -> None:
    _evaluate(e, node.value)


def _discard(e: ProgramEmitter, node: nodes.Discard) -> None:
    _evaluate(e, node.value)


def _evaluate(e: ProgramEmitter, node: nodes.Expr) -> None:
    """For its effects."""
    kind = e.type_of(node)
    if kind.scalar or kind == NONE or isinstance(node, nodes.Call):
        e.value(node)
    else:
        e.memory(node)


def _assign(e: ProgramEmitter, node: nodes.Assign) -> None:
    if isinstance(node.value, nodes.Call) and isinstance(
        e.shared.names.entries.get(node.value), AggregateFunction
    ):
        _aggregate(e, node, node.value)
    elif isinstance(node.target, nodes.Var):
        _assign_variable(e, node, node.target)
    elif node.op == "=":
        assert isinstance(node.target, (MapRef, MapAccess))
        maps.assign(e, node.target, node.value)
    else:
        assert isinstance(node.target, (MapRef, MapAccess))
        maps.store_scalar(e, node.target, _combined(e, node))


def _combined(e: ProgramEmitter, node: nodes.Assign) -> Any:
    left, right = e.type_of(node.target), e.type_of(node.value)
    old, new = e.value(node.target), e.value(node.value)
    target, end = node.target.span, node.value.span.end
    start = target.source.text.find(node.op, target.end, end)
    with e.placed(replace(target, start=start, end=end) if start >= 0 else node.span):
        return operators.combine(e, node.op[:-1], old, left, new, right)


def _assign_variable(e: ProgramEmitter, node: nodes.Assign, target: nodes.Var) -> None:
    if node.op != "=":
        value = operators.fit(e, _combined(e, node), e.type_of(target))
        e.store(memory.variable_slot(e, target), 0, 8, e.word(value))
        return
    _set_variable(e, target, node.value)


def _set_variable(e: ProgramEmitter, target: nodes.Var, value: nodes.Expr) -> None:
    variable = e.shared.names.variables[target]
    kind = e.shared.found.variables[e.unit, variable]
    if kind.scalar:
        number = operators.fit(e, e.value(value), kind)
        e.store(memory.variable_slot(e, target), 0, 8, e.word(number))
    elif _names(e, value, variable):
        # part of it may be read once another part is written: `$t = ($t.1, $t.0)`
        aside = e.slot(kind.size)
        e.into(value, aside, kind)
        e.copy(memory.variable_slot(e, target), aside, kind.size)
    else:
        e.into(value, memory.variable_slot(e, target), kind)


def _names(e: ProgramEmitter, value: nodes.Expr, variable: Variable) -> bool:
    """Whether an expression names a variable, and is more than its name."""
    variables = e.shared.names.variables
    return not isinstance(value, nodes.Var) and any(
        isinstance(node, nodes.Var) and variables.get(node) is variable for node in walk(value)
    )


def _aggregate(e: ProgramEmitter, node: nodes.Assign, call: nodes.Call) -> None:
    entry = e.shared.names.entries[call]
    assert isinstance(entry, AggregateFunction)
    assert isinstance(node.target, (MapRef, MapAccess))  # checked
    site = site_of(call, e.unit, e.context, Diagnostics())
    ref, key = maps.ref_of(node.target), e.key(node.target)
    # whatever becomes of the entry: `while ($n < 9) { @ = sum($n++); }` must come to its end
    value = e.value(site.args[0]) if site.args else e.const(0)
    with e.placed(call.span), maps.summed(e, ref, key, entry.first) as address:
        entry.update(e, site, address, value)


def _let(e: ProgramEmitter, node: nodes.Let) -> None:
    if node.value:
        _set_variable(e, node.var, node.value)
        return
    variable = e.shared.names.variables[node.var]
    kind = e.shared.found.variables.get((e.unit, variable), NONE)
    if kind != NONE:
        e.zero(memory.variable_slot(e, node.var), 8 if kind.scalar else kind.size)


def _if(e: ProgramEmitter, node: nodes.If) -> None:
    left = taken(node, e.unit.constants)
    if left is not None:
        for branch in left[1:]:
            assert isinstance(branch, (nodes.Block, nodes.If))
            statement(e, branch)
        return
    condition = e.value(node.condition)
    if node.other is None:
        with e.if_(condition):
            block(e, node.then)
        return
    with e.if_else(condition) as (then, other):
        with then:
            block(e, node.then)
        with other:
            statement(e, node.other)


def _unroll(e: ProgramEmitter, node: nodes.Unroll) -> None:
    for _ in range(int(e.constant_of(node.count) or 0)):
        block(e, node.body)


def _return(e: ProgramEmitter, node: nodes.Return) -> None:
    if e.result is not None and node.value:
        e.store(e.result, 0, 8, e.value(node.value))
    e.leave()


def _import(_e: ProgramEmitter, _node: nodes.Import) -> None:
    """It was read with the script."""


def _jump(e: ProgramEmitter, node: nodes.Jump) -> None:
    loop = e.loops[-1]
    (loop.break_ if node.kind == "break" else loop.continue_)()


_STATEMENTS: dict[type, Callable[[Any, Any], None]] = {
    nodes.Block: block,
    nodes.ExprStmt: _expression,
    nodes.Discard: _discard,
    nodes.Assign: _assign,
    nodes.Let: _let,
    nodes.If: _if,
    nodes.Unroll: _unroll,
    nodes.Return: _return,
    nodes.While: loops.while_,
    nodes.ForRange: loops.for_range,
    nodes.ForMap: loops.for_map,
    nodes.Jump: _jump,
    nodes.Import: _import,
}
