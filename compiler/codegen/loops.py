"""Loops: in place where their length is known, else through the kernel's loop helpers.

bpf_loop (Linux 5.17) and bpf_for_each_map_elem (5.13) call a function for each turn. It shares the
program's variables through a frame of pointers on the program's stack, which the verifier follows.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import llvmlite.ir as ir
from aotrace.compiler.codegen import maps, memory
from aotrace.compiler.codegen.convert import convert
from aotrace.compiler.codegen.turns import known_range
from aotrace.compiler.emitter import Reg
from aotrace.compiler.frozen import dataclass
from aotrace.compiler.sema.tables import Variable
from aotrace.compiler.syntax import nodes
from aotrace.compiler.syntax.walk import walk
from aotrace.compiler.types import Aggregate, Tuple

if TYPE_CHECKING:
    from aotrace.compiler.codegen.emit import ProgramEmitter

_NEXT, _STOP = 0, 1  # what a turn's function returns
_I64, _POINTER = ir.IntType(64), ir.PointerType()


@dataclass(frozen=True)
class Loop:
    """What `continue` and `break` do in the innermost loop."""

    continue_: Callable[[], None]
    break_: Callable[[], None]


# --- in place --------------------------------------------------------------------------------


def while_(e: ProgramEmitter, node: nodes.While) -> None:
    """The verifier must see that it ends."""
    head, body, end = (e.fn.new_block(name) for name in ("while", "turn", "done"))
    e.ir.branch(head)
    e.ir.position_at_end(head)
    e.ir.cbranch(e.truth(e.value(node.condition)), body, end)
    e.ir.position_at_end(body)
    _turn(e, node.body, head, end)
    e.ir.position_at_end(end)


def for_range(e: ProgramEmitter, node: nodes.ForRange) -> None:
    """`for ($i : first..last)`."""
    if bounds := known_range(e, node):
        _count_in_place(e, node, *bounds)
    else:
        _count_by_helper(e, node)


def _count_in_place(e: ProgramEmitter, node: nodes.ForRange, first: int, last: int) -> None:
    counter, shown = e.fn.stack_slot(8), memory.variable_slot(e, node.var)
    e.store(counter, 0, 8, e.const(first))
    head, body, step, end = (e.fn.new_block(n) for n in ("for", "turn", "step", "done"))
    e.ir.branch(head)
    e.ir.position_at_end(head)
    now = e.load(counter, 0, 8)
    e.ir.cbranch(e.truth(e.op("slt", now, last)), body, end)
    e.ir.position_at_end(body)
    e.store(shown, 0, 8, now)
    _turn(e, node.body, step, end)
    e.ir.position_at_end(step)
    e.store(counter, 0, 8, e.op("add", e.load(counter, 0, 8), 1))
    e.ir.branch(head)
    e.ir.position_at_end(end)


def _turn(e: ProgramEmitter, body: nodes.Block, again: Any, end: Any) -> None:
    def jump(target: Any) -> Callable[[], None]:
        def go() -> None:
            e.ir.branch(target)
            e.ir.position_at_end(e.fn.new_block("dead"))

        return go

    e.loops.append(Loop(jump(again), jump(end)))
    _block(e, body)
    e.loops.pop()
    e.ir.branch(again)


def _block(e: ProgramEmitter, body: nodes.Block) -> None:
    from aotrace.compiler.codegen.stmt import block

    block(e, body)


# --- by helper -------------------------------------------------------------------------------


def _count_by_helper(e: ProgramEmitter, node: nodes.ForRange) -> None:
    first = e.word(e.value(node.first))
    last = e.word(e.value(node.last))
    some = e.op("slt", first, last)
    start = e.fn.stack_slot(8)
    e.store(start, 0, 8, first)
    frame = _Frame(e, node.body, node.var, (start,))
    inner = frame.enter([("index", _I64), ("frame", _POINTER)])
    begin = inner.load(frame.extra(inner, 0), 0, 8)
    inner.store(
        memory.variable_slot(inner, node.var), 0, 8, inner.op("add", begin, inner.fn.params[0])
    )
    frame.body(inner)
    # A verifier that knows of no turn never looks at the body, and the kernel then fails on it
    with e.if_(some):
        e.helper("loop", e.op("sub", last, first), inner.fn.function, frame.memory, 0)
    frame.leave()


def for_map(e: ProgramEmitter, node: nodes.ForMap) -> None:
    """`for ($kv : @map)`: the key and value are copied for each turn."""
    frame = _Frame(e, node.body, node.var, ())
    names = ("map", "key", "value", "frame")
    inner = frame.enter([(name, _POINTER) for name in names])
    kind = e.shared.found.variables[e.unit, e.shared.names.variables[node.var]]
    assert isinstance(kind, Tuple)  # inferred
    pair = memory.variable_slot(inner, node.var)
    inner.zero(pair, kind.size)
    _, at, value, _ = inner.fn.params
    offsets = kind.kind.offsets  # type: ignore[attr-defined]  # of a tuple's kind
    places = [inner.offset(pair, offset) for offset in offsets]
    planned = e.shared.plan.maps[node.map.name]
    assert planned.key  # inferred
    # what is assigned to the variable may have made it wider than the map's own types
    convert(inner, at, planned.key, places[0], kind.items[0])
    if isinstance(planned.value, Aggregate):
        inner.store(places[1], 0, 8, maps.merged(inner, node.map, at, planned.value))
    else:
        convert(inner, value, planned.value, places[1], kind.items[1])
    frame.body(inner)
    e.helper("for_each_map_elem", e.map(node.map), inner.fn.function, frame.memory, 0)
    frame.leave()


class _Frame:
    """What a turn's function shares with the program: context, variables, the wish to leave.

    Words of the frame: the context, the flag's address, further addresses, one for each variable of
    outside that the body names, and that of the program's result if it has one.
    """

    def __init__(
        self, e: ProgramEmitter, body: nodes.Block, var: nodes.Var, extras: tuple[Reg, ...]
    ) -> None:
        self.e = e
        self.node = body
        self.shared = _outer_variables(e, body, e.shared.names.variables[var])
        self.flag = e.fn.stack_slot(8)
        e.store(self.flag, 0, 8, e.const(0))
        results = [] if e.result is None else [e.result]
        addresses = [e.ctx, self.flag, *extras, *self.shared.values(), *results]
        self.first_variable = 2 + len(extras)
        self.memory = e.fn.stack_slot(8 * len(addresses))
        for index, address in enumerate(addresses):
            e.ir.store(address, e.fn.offset(self.memory, 8 * index))

    def enter(self, parameters: list[tuple[str, Any]]) -> ProgramEmitter:
        """An emitter for the turn's function."""
        name = f"turn{next(self.e.shared.numbers)}_{self.e.fn.name}"
        fn = self.e.shared.module.subprogram(name, parameters, _I64, self.node.span)
        inner = type(self.e)(fn, self.e.shared, self.e.planned)
        frame = fn.params[-1]

        def word(index: int) -> Reg:
            return fn.ir.load(fn.offset(frame, 8 * index), typ=_POINTER)

        inner.ctx, flag = word(0), word(1)
        for index, variable in enumerate(self.shared, self.first_variable):
            inner.variables[variable] = word(index)
        if self.e.result is not None:
            inner.result = word(self.first_variable + len(self.shared))
        inner.loops.append(Loop(lambda: fn.return_(_NEXT), lambda: fn.return_(_STOP)))
        inner.on_leave = _leaver(inner, flag)
        return inner

    def extra(self, inner: ProgramEmitter, index: int) -> Reg:
        """The address of the extra word of that index, in the turn's function."""
        frame = inner.fn.params[-1]
        return inner.ir.load(inner.fn.offset(frame, 8 * (2 + index)), typ=_POINTER)

    def body(self, inner: ProgramEmitter) -> None:
        _block(inner, self.node)
        inner.fn.return_(_NEXT)

    def leave(self) -> None:
        """After the helper: leave if the body did."""
        with self.e.if_(self.e.load(self.flag, 0, 8)):
            self.e.leave()


def _leaver(inner: ProgramEmitter, flag: Reg) -> Callable[[], None]:
    def leave() -> None:
        inner.store(flag, 0, 8, inner.const(1))
        inner.fn.return_(_STOP)

    return leave


def _outer_variables(e: ProgramEmitter, body: nodes.Block, own: Variable) -> dict[Variable, Reg]:
    """Variables from outside the body that it names, with their slots."""
    found: dict[Variable, Reg] = {}
    body_nodes = set(map(id, walk(body)))
    for node in walk(body):
        if isinstance(node, nodes.Var):
            variable = e.shared.names.variables[node]
            if variable is not own and id(variable.first) not in body_nodes:
                found[variable] = memory.variable_slot(e, node)
    return found


def count(e: ProgramEmitter, ref: nodes.MapRef) -> Reg:
    """How many keys a map has: each is visited by a function that does nothing."""
    name = f"count{next(e.shared.numbers)}_{e.fn.name}"
    names = ("map", "key", "value", "frame")
    visit = e.shared.module.subprogram(name, [(n, _POINTER) for n in names], _I64, ref.span)
    visit.return_(_NEXT)
    return e.helper("for_each_map_elem", e.map(ref), visit.function, e.fn.stack_slot(8), 0)
