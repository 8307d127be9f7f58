"""Packets: out of records of perf buffers, into pcap files."""

from __future__ import annotations

import errno
import os
import struct
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from aotrace.loader.errors import LoaderError
from aotrace.loader.libbpf.lib import BpfError
from aotrace.loader.packets import PcapFile, PcapFiles, WithPackets, writer
from aotrace.runtime.metadata import Event
from aotrace.runtime.values.ints import IntKind

U64 = IntKind(8, False)
LEAD, SIZE = 8, 24


class Ring:
    """A ring of `count` records, of which the last says to stop."""

    lead = LEAD

    def __init__(self, count: int = 0, stops: bool = False) -> None:
        self.count = count
        self.stops = stops
        self.closed = self.discarded = False

    def drain(self, handlers: Any, limit: int) -> tuple[int, bool]:
        return self.count, self.stops

    def discard(self) -> None:
        self.discarded = True

    def close(self) -> None:
        self.closed = True


class Consumer:
    def __init__(self, *records: bytes, lost: int = 0, error: int = 0) -> None:
        self.records = list(records)
        self.lost = lost
        self.error = error

    def consume(self) -> list[bytes]:
        if self.error:
            raise BpfError("perf_buffer__consume", self.error)
        records, self.records = self.records, []
        return records


class Lost:
    elsewhere = 0


class Found:
    """A run's services: the files alone."""

    lead = LEAD

    def __init__(self, files: PcapFiles) -> None:
        self.services = self
        self._files = files

    def find(self, name: str) -> PcapFiles:
        assert name == "pcap_files"
        return self._files


def event(path: Path, offset: int) -> Event:
    details = {"file": str(path), "offset": offset}
    return Event("skboutput", SIZE, [(8, U64), (16, U64)], details, 1)


def record(number: int, seen: int, packet: bytes, padding: int = 4) -> bytes:
    return struct.pack("<QQQ", number, seen, len(packet)) + packet + b"\xff" * padding


def packets(path: Path) -> Iterator[tuple[int, int, bytes]]:
    data = path.read_bytes()
    assert data[:24] == struct.pack("=IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 101)
    at = 24
    while at < len(data):
        seconds, microseconds, here, whole = struct.unpack_from("=IIII", data, at)
        assert here == whole
        yield seconds, microseconds, data[at + 16 : at + 16 + here]
        at += 16 + here


def test_a_file_is_made_anew(tmp_path: Path) -> None:
    path = tmp_path / "a.pcap"
    path.write_bytes(b"old" * 100)
    file = PcapFile(str(path))
    file.write(1_700_000_000_123_456_789, b"packet")
    file.close()
    assert list(packets(path)) == [(1_700_000_000, 123_456, b"packet")]


def test_packets_go_to_the_files_of_their_events(tmp_path: Path) -> None:
    """Without the bytes that the event leaves out, and without what the kernel pads with."""
    one, two, files = tmp_path / "one", tmp_path / "two", PcapFiles()
    stage: Any = Found(files)
    handlers = {
        n: writer(event(p, o), stage) for n, p, o in ((0, one, 0), (1, two, 3), (2, one, 1))
    }
    boot = time.clock_gettime_ns(time.CLOCK_BOOTTIME)
    sent = [record(0, boot, b"first"), record(1, boot, b"second"), record(2, boot, b"third", 0)]
    sent.append(record(1, boot, b"all"))  # nothing is left of it
    ring: Any = WithPackets(Ring(5), Consumer(*sent), Lost())  # type: ignore[arg-type]
    assert ring.drain(handlers, 100) == (9, False)
    files.close()
    assert [packet for _, _, packet in packets(one)] == [b"first", b"hird"]
    assert [packet for _, _, packet in packets(two)] == [b"ond"]
    assert all(abs(seconds - time.time()) < 60 for seconds, _, _ in packets(one))


def test_what_came_before_an_exit_is_kept() -> None:
    seen: list[bytes] = []
    handlers = {0: lambda data, offset, count: seen.append(data[offset + LEAD :])}
    sent = record(0, 1, b"packet")
    ring = WithPackets(Ring(1, True), Consumer(sent), Lost())  # type: ignore[arg-type]
    assert ring.drain(handlers, 100) == (2, True)
    assert seen == [sent]


def test_what_is_discarded_goes_nowhere() -> None:
    inner, consumer, lost = Ring(), Consumer(record(0, 1, b"packet"), lost=7), Lost()
    ring = WithPackets(inner, consumer, lost)  # type: ignore[arg-type]
    ring.discard()
    assert inner.discarded
    assert ring.drain({}, 100) == (0, False)
    assert lost.elsewhere == 7


def test_a_buffer_that_cannot_be_read_ends_the_run() -> None:
    ring = WithPackets(Ring(), Consumer(error=errno.EIO), Lost())  # type: ignore[arg-type]
    with pytest.raises(LoaderError, match="cannot read packets"):
        ring.drain({}, 100)


def test_a_file_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    path = tmp_path / "missing" / "a.pcap"
    with pytest.raises(LoaderError, match=f"cannot write packets to {path}: {os.strerror(2)}"):
        PcapFiles().open(str(path))


def test_a_file_that_takes_no_more_is_told() -> None:
    file = PcapFile("/dev/full")
    with pytest.raises(LoaderError, match="cannot write packets to /dev/full"):
        file.close()
