"""The wait for events: asleep when there are none, reading in large batches when there are many.

A record wakes the reader only if the reader had read all before it (bpf_ringbuf_submit without
flags). So while events keep coming, the pump sleeps a little between batches instead of being
woken, which costs the traced program about 10 us each time; when they stop, it waits in epoll.
"""

from __future__ import annotations

import time
from select import EPOLLIN, epoll

from aotrace.loader.errors import LoaderError
from aotrace.loader.libbpf.lib import BpfError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from aotrace.loader.attach.mechanism import Walk
    from aotrace.loader.child import Process
    from aotrace.loader.lost import LostEvents
    from aotrace.loader.output.sink import Sink
    from aotrace.loader.ring import Handler, Ring
    from aotrace.loader.signals import Signals
    from aotrace.runtime.metadata import Event

_BATCH = 1 << 15  # records between two looks at everything else
_PAUSE = 0.004  # seconds
_PAUSES = 3  # empty looks before it waits for a wake-up
_WAIT = 1.0  # seconds
_WORD = 8  # bytes: a record begins with its event's number


class Pump:
    """Moves events from the ring to their handlers and on to the sink."""

    def __init__(
        self, ring: Ring, handlers: Mapping[int, Handler], sink: Sink, lost: LostEvents
    ) -> None:
        self._ring = ring
        self._handlers = handlers
        self._sink = sink
        self._lost = lost
        self.exited = False

    def run(
        self,
        watched: Sequence[int],
        signals: Signals,
        process: Process | None,
        signalled: Callable[[], None],
    ) -> None:
        """Until a signal, exit() or the end of the process.

        watched: files that are readable when there is something; `signalled`: SIGUSR1 starts it.
        """
        poll = epoll()
        for fd in (*watched, signals.fd):
            poll.register(fd, EPOLLIN)
        if process:
            poll.register(process.pidfd, EPOLLIN)
        empty = 0
        while not (self.exited or signals.received):
            if signals.taken():
                signalled()
            count = self._batch()
            empty = 0 if count else empty + 1
            if empty > _PAUSES:
                ready = poll.poll(_WAIT)
            elif count < _BATCH:
                time.sleep(_PAUSE)
                ready = poll.poll(0) if process else []
            if process and any(fd == process.pidfd for fd, _ in ready):
                break
        poll.close()

    def walk(self, walk: Walk, events: Sequence[Event], signals: Signals) -> None:
        """Read an iterator to its end, or until its script exits or a signal comes. Raises
        LoaderError."""
        if walk.notice:
            self._sink.write(f"{walk.notice}\n".encode())
        sizes = [event.size for event in events]
        lead, rest = bytes(self._ring.lead), b""
        try:
            for chunk in walk.chunks():
                rest = self._handle(rest + chunk, sizes, lead)
                self._sink.flush()
                if self.exited or signals.received:
                    break
        except BpfError as error:
            raise LoaderError(f"cannot read the iterator: {error}") from None

    def _handle(self, data: bytes, sizes: list[int], lead: bytes) -> bytes:
        """Hand over the whole records in some bytes, one by one; what is left."""
        at, end = 0, len(data)
        while end - at >= _WORD and not self.exited:
            event = int.from_bytes(data[at : at + _WORD], "little")
            after = at + sizes[event]
            if after > end:
                break
            self.exited = bool(self._handlers[event](lead + data[at:after], 0, 1))
            at = after
        return data[at:]

    def drain(self) -> None:
        """All that is there. After exit() the rest is nobody's; what comes later counts again."""
        settled = 0
        while not self.exited and settled < 2:
            settled = 0 if self._batch() else settled + 1
            time.sleep(_PAUSE if settled == 1 else 0)
        if self.exited:
            self._ring.discard()
            self.exited = False

    def _batch(self) -> int:
        count, stopped = self._ring.drain(self._handlers, _BATCH)
        self.exited = self.exited or stopped
        if count:
            self._lost.report()
        self._sink.settle()
        return count
