"""Stand-ins for what the loader talks to: a sink that keeps its input, maps without a kernel."""

from __future__ import annotations

import mmap
import os
import struct
from collections.abc import Iterator

from aotrace.loader.libbpf.lib import BpfError
from aotrace.loader.output.sink import Sink

ENOTSUPP = 524


class Kept(Sink):
    """A sink whose contents can be looked at."""

    def __init__(self) -> None:
        super().__init__(-1, "nowhere")
        self.data = b""

    def write(self, data: bytes) -> None:
        self.data += data

    def flush(self) -> None:
        pass

    def settle(self) -> None:
        pass


class DictMap:
    """A map's handle over a dict. Without `batching` the kernel is an old one."""

    def __init__(
        self, entries: dict[bytes, bytes], key_size: int, value_size: int, batching: bool = True
    ) -> None:
        self.entries = entries
        self.key_size = key_size
        self.value_size = value_size
        self.batching = batching

    def batches(self, value_size: int, count: int) -> Iterator[tuple[bytes, bytes, int]]:
        if not self.batching:
            raise BpfError("bpf_map_lookup_batch", ENOTSUPP)
        items = list(self.entries.items())
        for start in range(0, len(items), count):
            part = items[start : start + count]
            yield b"".join(k for k, _ in part), b"".join(v for _, v in part), len(part)

    def every_key(self) -> Iterator[bytes]:
        yield from list(self.entries)

    def lookup(self, key: bytes, size: int) -> bytes | None:
        value = self.entries.get(key)
        return value[:size] if value is not None else None

    def update(self, key: bytes, value: bytes) -> bool:
        if key in self.entries:
            self.entries[key] = value
        return key in self.entries

    def delete(self, key: bytes) -> None:
        self.entries.pop(key, None)


BUSY, DISCARDED = 1 << 31, 1 << 30


class FakeRing:
    """The file of a ring buffer as the kernel lays it out: two positions, then the data, twice."""

    def __init__(self, size: int, largest: int) -> None:
        self.size = size
        self.fd = os.memfd_create("ring")
        self.page = mmap.PAGESIZE
        os.ftruncate(self.fd, 2 * self.page + 2 * size)
        self.largest = largest
        self.produced = 0

    def put(self, data: bytes, flags: int = 0) -> None:
        """Append one record, in both copies of the data."""
        record = struct.pack("<II", len(data) | flags, 0) + data
        record += bytes(-len(record) % 8)
        for at, byte in enumerate(record):
            place = (self.produced + at) % self.size
            for copy in (place, place + self.size):
                os.pwrite(self.fd, bytes((byte,)), 2 * self.page + copy)
        self.produced += len(record)
        os.pwrite(self.fd, struct.pack("<Q", self.produced), self.page)

    @property
    def consumed(self) -> int:
        position: int = struct.unpack("<Q", os.pread(self.fd, 8, 0))[0]
        return position
