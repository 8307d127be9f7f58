"""Reading the ring buffer: every record once, in order, in runs, whatever the mixture."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

import pytest
from aotrace.loader.ring import CopiedRing, MappedRing
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.loader.fakes import BUSY, DISCARDED, FakeRing

SIZE = 4096
LENGTHS = {0: 16, 1: 16, 2: 24, 3: 120}  # bytes of a record by event


class Collector:
    """Handlers that remember (event, serial number) of each record."""

    def __init__(self, lead: int) -> None:
        self.seen: list[tuple[int, int]] = []
        self.runs: list[int] = []
        self.stop_at: int | None = None
        self.handlers = {event: self.handler(event, lead) for event in LENGTHS}

    def handler(self, event: int, lead: int) -> Callable[[Any, int, int], bool]:
        stride = lead + LENGTHS[event]

        def handle(data: Any, offset: int, count: int) -> bool:
            self.runs.append(count)
            for at in range(offset, offset + count * stride, stride):
                found, serial = struct.unpack_from("<QQ", data, at + lead)
                assert found == event
                self.seen.append((event, serial))
            return self.stop_at is not None and len(self.seen) >= self.stop_at

        return handle


def record(event: int, serial: int) -> bytes:
    return struct.pack("<QQ", event, serial).ljust(LENGTHS[event], b"\xaa")


class Queue:
    """What libbpf's reader would hand over."""

    def __init__(self) -> None:
        self.records: list[bytes] = []

    def consume(self, limit: int) -> list[bytes]:
        taken, self.records = self.records[:limit], self.records[limit:]
        return taken

    def close(self) -> None:
        self.records = []


@settings(max_examples=60)
@given(st.lists(st.lists(st.sampled_from([0, 0, 0, 1, 2, 3]), max_size=25), max_size=12))
def test_every_record_once_and_in_order(batches: list[list[int]]) -> None:
    fake = FakeRing(SIZE, 120)
    mapped, queue = MappedRing(fake.fd, SIZE, 120), Queue()
    copied = CopiedRing(queue)  # type: ignore[arg-type]
    collectors = Collector(mapped.lead), Collector(copied.lead)
    sent: list[tuple[int, int]] = []
    for batch in batches:
        for event in batch:
            sent.append((event, len(sent)))
            fake.put(record(*sent[-1]))
            queue.records.append(record(*sent[-1]))
        assert mapped.drain(collectors[0].handlers, 1 << 20) == (len(batch), False)
        assert copied.drain(collectors[1].handlers, 1 << 20) == (len(batch), False)
    assert collectors[0].seen == collectors[1].seen == sent
    assert fake.consumed == fake.produced


def test_equal_records_come_in_runs() -> None:
    fake = FakeRing(SIZE, 16)
    ring, collector = MappedRing(fake.fd, SIZE, 16), Collector(8)
    for _ in range(20):
        for serial in range(100):
            fake.put(record(0, serial))
        ring.drain(collector.handlers, 1 << 20)
    assert len(collector.seen) == 2000
    assert len(collector.runs) < 100


def test_discarded_records_are_skipped_and_busy_ones_waited_for() -> None:
    fake = FakeRing(SIZE, 16)
    ring, collector = MappedRing(fake.fd, SIZE, 16), Collector(8)
    fake.put(record(0, 1))
    fake.put(record(0, 2), DISCARDED)
    fake.put(record(0, 3))
    at = fake.produced
    fake.put(record(0, 4), BUSY)
    fake.put(record(0, 5))
    assert ring.drain(collector.handlers, 100) == (2, False)
    assert collector.seen == [(0, 1), (0, 3)]
    assert fake.consumed == at


def test_a_limit_leaves_the_rest_for_later() -> None:
    fake = FakeRing(SIZE, 16)
    ring, collector = MappedRing(fake.fd, SIZE, 16), Collector(8)
    for serial in range(50):
        fake.put(record(serial % 2, serial))
    count, _ = ring.drain(collector.handlers, 10)
    assert 10 <= count < 50
    ring.drain(collector.handlers, 100)
    assert [serial for _, serial in collector.seen] == list(range(50))


@pytest.mark.parametrize("kind", ["mapped", "copied"])
def test_a_handler_can_stop_it_and_the_rest_be_discarded(kind: str) -> None:
    fake, queue = FakeRing(SIZE, 16), Queue()
    for serial in range(10):
        fake.put(record(serial % 2, serial))
        queue.records.append(record(serial % 2, serial))
    ring: Any = MappedRing(fake.fd, SIZE, 16) if kind == "mapped" else CopiedRing(queue)  # type: ignore[arg-type]
    collector = Collector(ring.lead)
    collector.stop_at = 3
    assert ring.drain(collector.handlers, 100) == (3, True)
    ring.discard()
    collector.stop_at = None
    assert ring.drain(collector.handlers, 100) == (0, False)
    ring.close()
