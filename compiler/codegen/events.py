"""Events: a record is reserved in the ring buffer and its fields are written in place."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from aotrace.compiler.sema.plan import PlannedEvent
from aotrace.compiler.syntax.nodes import Binary, BlockExpr, Expr, IncDec, Index, Var
from aotrace.compiler.syntax.walk import walk
from aotrace.compiler.types import Type

if TYPE_CHECKING:
    from aotrace.compiler.codegen.emit import ProgramEmitter
    from aotrace.compiler.emitter import Reg

# The kernel wakes the loader only when it had read everything, and the loader sleeps between
# batches: so a busy script pays for few wake-ups, an idle one costs nothing.
_ADAPTIVE_WAKEUP, _FORCE_WAKEUP = 0, 2  # BPF_RB_FORCE_WAKEUP


def send(e: ProgramEmitter, event: PlannedEvent, made: Sequence[Reg] = ()) -> None:
    """Send one event; when the buffer is full it is counted as lost.

    made: the numbers behind its arguments, where the event has no code of its own for them.
    """
    early = _values(e, event) if any(_acts(e, arg) for arg in event.spec.args) else None
    record = e.helper("ringbuf_reserve", e.shared.ring, event.size, 0)
    with e.if_else(record) as (reserved, lost):
        with reserved:
            e.store(record, 0, 8, e.const(event.index))
            if early is None:
                for arg, kind, offset in _fields(event):
                    e.into(arg, e.offset(record, offset), kind)
            else:
                for value, (_, kind, offset) in zip(early, _fields(event), strict=True):
                    e.copy(e.offset(record, offset), value, kind.size)
            _make(e, event, record, made)
            flags = _FORCE_WAKEUP if event.spec.wakeup else _ADAPTIVE_WAKEUP
            e.helper("ringbuf_submit", record, flags)
        with lost:
            e.fn.count_up(e.shared.lost)


def _make(e: ProgramEmitter, event: PlannedEvent, record: Reg, made: Sequence[Reg]) -> None:
    """Write what stands behind the arguments."""
    first = len(event.spec.args)
    if event.spec.fill:
        event.spec.fill(e, [e.offset(record, offset) for offset in event.offsets[first:]])
    for value, kind, offset in zip(made, event.types[first:], event.offsets[first:], strict=False):
        e.store(record, offset, kind.size, value)


def _fields(event: PlannedEvent) -> Iterator[tuple[Expr, Type, int]]:
    """Of each argument: itself, its type in the record, and the offset there."""
    return zip(event.spec.args, event.types, event.offsets, strict=False)


def _acts(e: ProgramEmitter, arg: Expr) -> bool:
    """Whether an argument does something, such as to exit, or to send an event of its own.

    What may fail sends one, too: a division, an index, a change of a map.
    """
    return any(
        isinstance(node, BlockExpr)
        or node in e.planned.notes
        or (isinstance(node, IncDec) and not isinstance(node.target, Var))
        or (isinstance(node, Binary) and node.op in "/%" and e.constant_of(node.right) is None)
        or (isinstance(node, Index) and e.constant_of(node.index) is None)
        for node in walk(arg)
    )


def _values(e: ProgramEmitter, event: PlannedEvent) -> list[Reg]:
    """The arguments in memory of the program's: no statement runs while a record is reserved."""
    values = []
    for arg, kind, _ in _fields(event):
        values.append(e.slot(max(kind.size, 8)))
        e.into(arg, values[-1], kind)
    return values
