"""Reading an iterator: records that come in pieces go to the handlers of their events."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from typing import Any

import pytest
from aotrace.loader.attach.mechanism import Walk
from aotrace.loader.errors import LoaderError
from aotrace.loader.libbpf.lib import BpfError
from aotrace.loader.pump import Pump
from aotrace.runtime.metadata import Event

from tests.unit.loader.fakes import Kept

EVENTS = [Event("print", 16, [], {}, 1), Event("print", 24, [], {}, 2)]
FIRST, SECOND = (0).to_bytes(8, "little"), (1).to_bytes(8, "little")
RECORDS = FIRST + b"a" * 8 + SECOND + b"b" * 16 + FIRST + b"c" * 8


class Ring:
    lead = 8


class Pieces(Walk):
    def __init__(self, *pieces: bytes, error: int = 0) -> None:
        self._pieces = pieces
        self._error = error

    def chunks(self) -> Iterator[bytes]:
        yield from self._pieces
        if self._error:
            raise BpfError("read", self._error)


class Silence:
    received = False


def walked(walk: Walk, stop_at: bytes = b"") -> tuple[list[bytes], Pump, Kept]:
    seen: list[bytes] = []

    def handler(data: Any, offset: int, count: int) -> bool:
        assert count == 1
        seen.append(bytes(data[offset + Ring.lead :]))
        return bool(stop_at) and stop_at in seen[-1]

    sink = Kept()
    pump = Pump(Ring(), {0: handler, 1: handler}, sink, None)  # type: ignore[arg-type]
    pump.walk(walk, EVENTS, Silence())  # type: ignore[arg-type]
    return seen, pump, sink


@pytest.mark.parametrize("size", [1, 7, 8, 16, 17, 1000])
def test_records_come_in_pieces_of_any_size(size: int) -> None:
    pieces = [RECORDS[at : at + size] for at in range(0, len(RECORDS), size)]
    seen, pump, _ = walked(Pieces(*pieces))
    assert seen == [FIRST + b"a" * 8, SECOND + b"b" * 16, FIRST + b"c" * 8]
    assert not pump.exited


def test_exit_ends_the_walk() -> None:
    seen, pump, _ = walked(Pieces(RECORDS), stop_at=b"b")
    assert len(seen) == 2
    assert pump.exited


def test_a_pinned_iterator_only_says_where() -> None:
    walk = Pieces()
    walk.notice = "Program pinned to /sys/fs/bpf/x"
    seen, _, sink = walked(walk)
    assert (seen, sink.data) == ([], b"Program pinned to /sys/fs/bpf/x\n")


def test_a_read_that_fails() -> None:
    with pytest.raises(LoaderError, match=r"cannot read the iterator: read: .*long"):
        walked(Pieces(error=errno.E2BIG))
