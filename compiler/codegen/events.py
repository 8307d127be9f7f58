"""Events: a record is reserved in the ring buffer and its fields are written in place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aotrace.compiler.sema.plan import PlannedEvent

if TYPE_CHECKING:
    from aotrace.compiler.codegen.emit import ProgramEmitter

# The kernel wakes the loader only when it had read everything, and the loader sleeps between
# batches: so a busy script pays for few wake-ups, an idle one costs nothing.
_ADAPTIVE_WAKEUP, _FORCE_WAKEUP = 0, 2  # BPF_RB_FORCE_WAKEUP


def send(e: ProgramEmitter, event: PlannedEvent) -> None:
    """Send one event; when the buffer is full it is counted as lost."""
    record = e.helper("ringbuf_reserve", e.shared.ring, event.size, 0)
    with e.if_else(record) as (reserved, lost):
        with reserved:
            e.store(record, 0, 8, e.const(event.index))
            for arg, kind, offset in zip(event.spec.args, event.types, event.offsets, strict=True):
                e.into(arg, e.offset(record, offset), kind)
            flags = _FORCE_WAKEUP if event.spec.wakeup else _ADAPTIVE_WAKEUP
            e.helper("ringbuf_submit", record, flags)
        with lost:
            e.fn.count_up(e.shared.lost)
