"""Events: a record with the fields of a call's arguments, sent to where the probe's events go."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from aotrace.compiler.codegen import maps, place
from aotrace.compiler.probes.record import Output
from aotrace.compiler.sema.pinned import kernel_format
from aotrace.compiler.sema.plan import PlannedEvent
from aotrace.compiler.syntax.nodes import (
    Binary,
    BlockExpr,
    Expr,
    IncDec,
    Index,
    MapAccess,
    MapRef,
)
from aotrace.compiler.syntax.walk import walk
from aotrace.compiler.types import Aggregate, Pointer, Space, Stack, Str, Type

if TYPE_CHECKING:
    from aotrace.compiler.codegen.emit import ProgramEmitter
    from aotrace.compiler.emitter import Reg

# The kernel wakes the loader only when it had read everything, and the loader sleeps between
# batches: so a busy script pays for few wake-ups, an idle one costs nothing.
_ADAPTIVE_WAKEUP, _FORCE_WAKEUP = 0, 2  # BPF_RB_FORCE_WAKEUP
_CURRENT_CPU, _LENGTH_SHIFT = 0xFFFFFFFF, 32  # BPF_F_CURRENT_CPU, BPF_F_CTXLEN_MASK


def send(e: ProgramEmitter, event: PlannedEvent, made: Sequence[Reg] = ()) -> None:
    """Send one event.

    made: the numbers behind its arguments, where the event has no code of its own for them.
    """
    _SENDERS[e.unit.probe.output](e, event, made)


def _to_ring(e: ProgramEmitter, event: PlannedEvent, made: Sequence[Reg]) -> None:
    """A record of the ring buffer, written in place; when that is full it is counted as lost."""
    early = _values(e, event) if any(_acts(e, arg) for arg in event.spec.args) else None
    record = e.helper("ringbuf_reserve", e.shared.ring, event.size, 0)
    with e.if_else(record) as (reserved, lost):
        with reserved:
            told = e.shared.failures.quiet
            _fill(e, event, record, early)
            _make(e, event, record, made)
            _submit(e, event, record, may_tell=e.shared.failures.quiet > told)
        with lost:
            e.fn.count_up(e.shared.lost)


def _submit(e: ProgramEmitter, event: PlannedEvent, record: Reg, may_tell: bool) -> None:
    """may_tell: what failed while the record was written stands behind it, and is to be told
    before: then another record has to take its place."""
    flags = _FORCE_WAKEUP if event.spec.wakeup else _ADAPTIVE_WAKEUP
    if not may_tell:
        e.helper("ringbuf_submit", record, flags)
        return
    with e.if_else(e.shared.failures.wants_all(e)) as (behind, in_place):
        with behind:
            later = e.helper("ringbuf_reserve", e.shared.ring, event.size, 0)
            with e.if_else(later) as (reserved, lost):
                with reserved:
                    e.copy(later, record, event.size)
                    e.helper("ringbuf_submit", later, flags)
                with lost:
                    e.fn.count_up(e.shared.lost)
            e.helper("ringbuf_discard", record, _ADAPTIVE_WAKEUP)
        with in_place:
            e.helper("ringbuf_submit", record, flags)


def send_packet(
    e: ProgramEmitter, event: PlannedEvent, made: Sequence[Reg], packet: Reg, length: Reg
) -> Reg:
    """A record with a packet's bytes behind it, by the one helper that copies them, which writes to
    perf buffers alone."""
    record = e.slot(event.size)
    e.zero(record, event.size)
    _fill(e, event, record, None)
    _make(e, event, record, made)
    flags = e.op("or", e.op("shl", length, _LENGTH_SHIFT), _CURRENT_CPU)
    buffers = e.shared.module.packet_buffers
    return e.helper("skb_output", packet, buffers, flags, record, event.size)


def _make(e: ProgramEmitter, event: PlannedEvent, record: Reg, made: Sequence[Reg]) -> None:
    """Write what stands behind the arguments."""
    first = len(event.spec.args)
    if event.spec.fill:
        event.spec.fill(e, [e.offset(record, offset) for offset in event.offsets[first:]])
    for value, kind, offset in zip(made, event.types[first:], event.offsets[first:], strict=False):
        e.store(record, offset, kind.size, value)


def _to_sequence(e: ProgramEmitter, event: PlannedEvent, made: Sequence[Reg]) -> None:
    """The same record in the file that is read from an iterator, which loses nothing."""
    record = e.slot(event.size)
    e.zero(record, event.size)
    _fill(e, event, record, None)
    _make(e, event, record, made)
    e.helper("seq_write", _sequence(e), record, event.size)


def _to_text(e: ProgramEmitter, event: PlannedEvent, made: Sequence[Reg]) -> None:
    """A line in that file, which the kernel formats."""
    if event.spec.aside:
        return
    form, widths = kernel_format(event.spec.details["format"], event.types)
    data = e.slot(max(8 * len(widths), 8))
    for index, (arg, kind, width) in enumerate(
        zip(event.spec.args, event.types, widths, strict=True)
    ):
        e.store(data, 8 * index, 8, _word(e, arg, kind, width))
    text = form.encode("utf-8", "surrogateescape") + b"\0"
    size = 8 * len(widths)
    e.helper("seq_printf", _sequence(e), e.blob(text), len(text), data if size else 0, size)


def _word(e: ProgramEmitter, arg: Expr, kind: Type, width: int) -> Reg:
    """What stands for an argument: a number cut to a C integer's width, or a string's address."""
    if isinstance(kind, Str):
        text = e.slot(kind.size + 1)
        e.zero(text, kind.size + 1)
        e.into(arg, text, kind)
        return e.word(text)
    value = e.value(arg)
    unused = 64 - 8 * abs(width)
    shift = "ashr" if width < 0 else "lshr"
    return e.op(shift, e.op("shl", value, unused), unused) if unused else value


def _sequence(e: ProgramEmitter) -> Reg:
    """The iterator's file: ctx->meta->seq."""
    context = e.unit.probe.context
    assert context is not None  # an iterator has one
    meta = place.field(e, place.at(e.ctx, context.target, Space.KERNEL, direct=True), "meta")
    assert isinstance(meta.type, Pointer)
    # it is never null: a test would make verifiers that do not know that look at a load from 0
    found = place.at(place.load_known(e, meta), meta.type.target, Space.KERNEL, direct=True)
    return place.load(e, place.field(e, found, "seq"))


_SENDERS: dict[Output, Callable[[ProgramEmitter, PlannedEvent, Sequence[Reg]], None]] = {
    Output.RING: _to_ring,
    Output.SEQUENCE: _to_sequence,
    Output.TEXT: _to_text,
}


def _fill(e: ProgramEmitter, event: PlannedEvent, record: Reg, early: list[Reg] | None) -> None:
    """Write the event's number and its fields."""
    e.store(record, 0, 8, e.const(event.index))
    if early is None:
        for arg, kind, offset in _fields(event):
            e.into(arg, e.offset(record, offset), kind)
        return
    for value, (_, kind, offset) in zip(early, _fields(event), strict=True):
        e.copy(e.offset(record, offset), value, kind.size)


def _fields(event: PlannedEvent) -> Iterator[tuple[Expr, Type, int]]:
    """Of each argument: itself, its type in the record, and the offset there."""
    return zip(event.spec.args, event.types, event.offsets, strict=False)


def _acts(e: ProgramEmitter, arg: Expr) -> bool:
    """Whether an argument does something, such as to exit, to count a variable up (which is done
    whether or not there is room for a record), or to send an event of its own.

    What may fail sends one, too: a division, an index, a change of a map, a walk of the stack, the
    sum over all CPUs.
    """
    return any(
        isinstance(node, BlockExpr)
        or node in e.planned.events
        or isinstance(node, IncDec)
        or getattr(e.shared.names.entries.get(node), "acts", False)
        or (isinstance(node, Binary) and node.op in "/%" and e.constant_of(node.right) is None)
        or (isinstance(node, Index) and e.constant_of(node.index) is None)
        or isinstance(e.unit.types.get(node), Stack)
        or (
            isinstance(node, (MapAccess, MapRef))
            and isinstance(maps.value_type(e, node), Aggregate)
        )
        for node in walk(arg)
    )


def _values(e: ProgramEmitter, event: PlannedEvent) -> list[Reg]:
    """The arguments in memory of the program's: no statement runs while a record is reserved."""
    values = []
    for arg, kind, _ in _fields(event):
        values.append(e.slot(max(kind.size, 8)))
        e.into(arg, values[-1], kind)
    return values
