"""The events that found the ring buffer full: counted by the programs, reported as they go."""

from __future__ import annotations

import struct
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from aotrace.loader.actions import Output
    from aotrace.loader.libbpf.handles import Map

_KEY = bytes(4)
_INTERVAL = 0.1  # seconds between two reports


class LostEvents:
    """A u64 in .bss that only grows, and what else was lost."""

    def __init__(self, bss: Map | None, offset: int, output: Output) -> None:
        self._bss = bss
        self._offset = offset
        self._output = output
        self._next = 0.0
        self.elsewhere = 0  # those that other buffers had no room for
        self.total = 0

    def report(self, now: bool = False) -> None:
        """Say how many were lost since the last report, ten times a second at most."""
        clock = time.monotonic()
        if clock < self._next and not now:
            return
        self._next = clock + _INTERVAL
        count = self._count()
        if count > self.total:
            self._output.lost(count - self.total)
            self.total = count

    def _count(self) -> int:
        raw = self._bss.lookup(_KEY, self._bss.value_size) if self._bss else None
        if raw is None:
            return self.elsewhere
        count: int = struct.unpack_from("<Q", raw, self._offset)[0]
        return count + self.elsewhere
