"""Packets that programs send: out of perf buffers, to pcap files.

The kernel copies a packet's bytes into perf buffers alone, so objects that ask for it have those
beside the ring buffer. A record in them is as one of the ring buffer, with the bytes behind it.
"""

from __future__ import annotations

import mmap
import struct
import time

from aotrace.loader.errors import LoaderError
from aotrace.loader.libbpf.handles import PerfConsumer
from aotrace.loader.libbpf.lib import BpfError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from aotrace.loader.actions import Stage
    from aotrace.loader.libbpf.handles import Map
    from aotrace.loader.libbpf.lib import Libbpf
    from aotrace.loader.lost import LostEvents
    from aotrace.loader.ring import Handler, Ring
    from aotrace.runtime.metadata import Event

# The file's header (pcap-savefile(5)): magic of microseconds, version, 8 bytes of zeros, the most
# bytes of a packet, and LINKTYPE_RAW: packets begin with their IP header.
_HEADER = struct.pack("=IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 101)
_RECORD = struct.Struct("=IIII")  # seconds, microseconds, bytes here, bytes of the packet
_SECOND, _MICROSECOND = 1_000_000_000, 1_000


class PcapFile:
    """One file, made anew."""

    def __init__(self, path: str) -> None:
        """Raises LoaderError."""
        try:
            self._file = open(path, "wb")  # noqa: SIM115  # closed by `close`
        except OSError as error:
            raise LoaderError(f"cannot write packets to {path}: {error.strerror}") from None
        self._path = path
        self._file.write(_HEADER)

    def write(self, nanoseconds: int, packet: bytes) -> None:
        """A packet that was seen at a time since 1970. Raises LoaderError."""
        seconds, rest = divmod(nanoseconds, _SECOND)
        head = _RECORD.pack(seconds & 0xFFFFFFFF, rest // _MICROSECOND, len(packet), len(packet))
        self._do(lambda: self._file.write(head + packet))

    def close(self) -> None:
        self._do(self._file.close)

    def _do(self, act: Callable[[], Any]) -> None:
        try:
            act()
        except OSError as error:
            raise LoaderError(f"cannot write packets to {self._path}: {error.strerror}") from None


class PcapFiles:
    """The files of one run, by their paths: several calls may write to one."""

    def __init__(self) -> None:
        self._files: dict[str, PcapFile] = {}

    def open(self, path: str) -> PcapFile:
        if path not in self._files:
            self._files[path] = PcapFile(path)
        return self._files[path]

    def close(self) -> None:
        for file in self._files.values():
            file.close()


def writer(event: Event, stage: Stage) -> Handler:
    """The handler of packets of one call."""
    assert stage.services is not None  # a run has them
    file = stage.services.find("pcap_files").open(event.details["file"])
    start, first = stage.lead + event.size, event.details["offset"]
    (seen_at, seen), (length_at, length) = event.args
    boot = time.time_ns() - time.clock_gettime_ns(time.CLOCK_BOOTTIME)

    def run(data: Any, offset: int, count: int) -> None:
        end = start + length.decode(data, offset + stage.lead + length_at)
        packet = bytes(data[offset + start + first : offset + end])
        if packet:
            when = boot + seen.decode(data, offset + stage.lead + seen_at)
            file.write(when, packet)

    return run


class WithPackets:
    """A ring buffer and the perf buffers beside it, read as one."""

    def __init__(self, ring: Ring, consumer: PerfConsumer, lost: LostEvents) -> None:
        self.lead = ring.lead
        self._ring = ring
        self._consumer = consumer
        self._lost = lost

    def drain(self, handlers: Mapping[int, Handler], limit: int) -> tuple[int, bool]:
        """Hand over what is there; of the ring buffer, about `limit` records at most."""
        count, stopped = self._ring.drain(handlers, limit)
        packets = self._packets()  # also when told to stop: they may be older than that
        for record in packets:
            handlers[int.from_bytes(record[:8], "little")](bytes(self.lead) + record, 0, 1)
        return count + len(packets), stopped

    def _packets(self) -> list[bytes]:
        try:
            found = self._consumer.consume()
        except BpfError as error:
            raise LoaderError(f"cannot read packets: {error}") from None
        self._lost.elsewhere = self._consumer.lost
        return found

    def discard(self) -> None:
        """Skip what is there."""
        self._ring.discard()
        self._packets()

    def close(self) -> None:
        self._ring.close()


def open_consumer(lib: Libbpf, buffers: Map, bytes_in_all: int, cpus: int) -> PerfConsumer:
    """Of perf buffers that are as large together as the ring buffer. Raises LoaderError."""
    pages = max(bytes_in_all // mmap.PAGESIZE // cpus, 1)
    try:
        return PerfConsumer(lib, buffers.fd, 1 << (pages.bit_length() - 1))
    except BpfError as error:
        raise LoaderError(f"cannot open the buffers of packets: {error}") from None
