"""Reading the ring buffer: runs of equal records go to the handler of their event.

A record of the kernel's ring buffer is a u64 header (length in the low half, with two flags on top)
and its bytes, rounded up to 8; ours begin with the event's id (runtime/wire.py). Kernel side:
kernel/bpf/ringbuf.c.
"""

from __future__ import annotations

import mmap
import os

from aotrace.loader.errors import LoaderError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any, Protocol

    from aotrace.loader.libbpf.handles import Map, RingConsumer
    from aotrace.loader.libbpf.lib import Libbpf

    #: Takes (records, offset of the first, how many); true: read no further.
    Handler = Callable[[Any, int, int], Any]

    class Ring(Protocol):
        """A source of records. `lead` is how many bytes stand before each."""

        lead: int

        def drain(self, handlers: Mapping[int, Handler], limit: int) -> tuple[int, bool]: ...
        def discard(self) -> None: ...
        def close(self) -> None: ...


#: Machines on which plain loads are not reordered: what is seen behind a position was written.
ORDERED_LOADS = ("x86_64",)

_BUSY, _DISCARDED = 1 << 31, 1 << 30
_FLAGS = _BUSY | _DISCARDED
_HEADER = 8
_RUN_LEAST, _RUN_MOST = 4, 1024


class MappedRing:
    """The ring read in place, through mmap: for machines that keep the order of loads (x86-64).

    The consumer's and the producer's position are each one aligned u64, read and written whole.
    """

    lead = _HEADER

    def __init__(self, fd: int, size: int, largest: int) -> None:
        """`largest`: bytes of the largest record. Raises OSError."""
        page = mmap.PAGESIZE
        both = mmap.PROT_READ | mmap.PROT_WRITE
        self._mask = size - 1
        self._consumer = memoryview(mmap.mmap(fd, page, mmap.MAP_SHARED, both)).cast("Q")
        # the data lies there twice, so that no record is ever in two pieces. Of the second one only
        # what a record can reach into is mapped: all that is mapped counts as this process's memory
        size += (_stride(largest) + page - 1) // page * page
        shared = mmap.mmap(fd, page + size, mmap.MAP_SHARED, mmap.PROT_READ, offset=page)
        self._producer = memoryview(shared)[:page].cast("Q")
        self._data = memoryview(shared)[page:]
        self._words = self._data.cast("I")
        self._size = size
        self._ahead = _RUN_LEAST

    def drain(self, handlers: Mapping[int, Handler], limit: int) -> tuple[int, bool]:
        """Hand over what is there, about `limit` records at most: (how many, told to stop)."""
        words, mask, consumer = self._words, self._mask, self._consumer
        position, end, done = consumer[0], self._producer[0], 0
        while done < limit and (position < end or position < (end := self._producer[0])):
            at = position & mask
            length = words[at >> 2]
            if length & _FLAGS:
                if length & _BUSY:
                    break
                consumer[0] = position = position + _stride(length & ~_FLAGS)
                continue
            event = words[(at >> 2) + 2]
            count = self._run(at >> 2, length, event, min(end - position, self._size - at))
            stop = handlers[event](self._data, at, count)
            consumer[0] = position = position + count * _stride(length)
            done += count
            if stop:
                return done, True
        return done, False

    def _run(self, word: int, length: int, event: int, available: int) -> int:
        """How many records from here on have this length and event. It looks as far ahead as paid
        off the last time."""
        step = _stride(length) >> 2
        count = min(self._ahead, available // (step << 2))
        lengths = self._words[word : word + count * step : step].tolist()
        events = self._words[word + 2 : word + count * step : step].tolist()
        if lengths.count(length) == count and events.count(event) == count:
            if count == self._ahead:
                self._ahead = min(count * 4, _RUN_MOST)
            return count
        same = 1
        while lengths[same] == length and events[same] == event:
            same += 1
        self._ahead = max(same * 2, _RUN_LEAST)
        return same

    def discard(self) -> None:
        """Skip what is there."""
        self._consumer[0] = self._producer[0]

    def close(self) -> None:
        for view in (self._words, self._data, self._producer, self._consumer):
            view.release()


def _stride(length: int) -> int:
    """Bytes from one record to the next."""
    return (length + _HEADER + 7) & ~7


class CopiedRing:
    """The ring read through libbpf, which copies record by record: for all other machines."""

    lead = 0

    def __init__(self, consumer: RingConsumer) -> None:
        self._consumer = consumer
        self._held: list[bytes] = []

    def drain(self, handlers: Mapping[int, Handler], limit: int) -> tuple[int, bool]:
        """Hand over what is there, about `limit` records at most: (how many, told to stop)."""
        records = self._held + self._consumer.consume(limit)
        self._held = []
        first = 0
        while first < len(records):
            head, size = records[first][:8], len(records[first])
            after = first + 1
            while (
                after < len(records) and records[after][:8] == head and len(records[after]) == size
            ):
                after += 1
            run = memoryview(b"".join(records[first:after]))
            if handlers[int.from_bytes(head, "little")](run, 0, after - first):
                self._held = records[after:]
                return after, True
            first = after
        return len(records), False

    def discard(self) -> None:
        """Skip what is there."""
        self._held = []
        while self._consumer.consume(_RUN_MOST):
            pass

    def close(self) -> None:
        self._consumer.close()


def open_ring(lib: Libbpf, ring: Map, largest: int) -> Ring:
    """The reader that suits this machine, for records of `largest` bytes at most.

    Raises LoaderError.
    """
    if os.uname().machine in ORDERED_LOADS:
        try:
            return MappedRing(ring.fd, ring.max_entries, largest)
        except OSError as error:
            raise LoaderError(f"cannot map the ring buffer: {error.strerror}") from None
    from aotrace.loader.libbpf.handles import RingConsumer

    return CopiedRing(RingConsumer(lib, ring.fd))
