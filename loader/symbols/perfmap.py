"""Names that compilers at run time write to /tmp/perf-PID.map: `START SIZE NAME`, in hexadecimal.

Source of the format: the kernel's tools/perf/Documentation/jit-interface.txt.
"""

from __future__ import annotations

import os
from bisect import bisect_right

from aotrace.loader.symbols import mappings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator


def parse(text: str) -> Iterator[tuple[int, int, str]]:
    """(start, size, name) of each line; what is no such line is passed over."""
    for line in text.split("\n"):
        fields = line.split(None, 2)
        if len(fields) < 3:
            continue
        try:
            yield int(fields[0], 16), int(fields[1], 16), fields[2]
        except ValueError:
            continue


class PerfMap:
    """The map of one process. Its file grows as code is made: it is read again when it has."""

    def __init__(self, pid: int) -> None:
        name = f"tmp/perf-{mappings.pid_inside(pid)}.map"
        self._paths = (f"/proc/{pid}/root/{name}", f"/{name}")
        self._state: tuple[int, int] | None = None
        self._starts: list[int] = []
        self._symbols: list[tuple[int, int, str]] = []

    def at(self, address: int) -> tuple[str, int] | None:
        """(name, offset) of an address. Where code was replaced, the later line holds."""
        self.refresh()
        index = bisect_right(self._starts, address) - 1
        if index < 0:
            return None
        start, size, name = self._symbols[index]
        return (name, address - start) if address < start + size else None

    def refresh(self) -> None:
        """Read the file, if it is there and has changed."""
        for path in self._paths:
            try:
                with open(path, encoding="utf-8", errors="surrogateescape") as file:
                    status = os.fstat(file.fileno())
                    state = (status.st_mtime_ns, status.st_size)
                    if state != self._state:
                        self._take(file.read())
                        self._state = state
                return
            except OSError:
                continue

    def _take(self, text: str) -> None:
        newest = {start: (start, size, name) for start, size, name in parse(text)}
        self._symbols = [newest[start] for start in sorted(newest)]
        self._starts = [start for start, _, _ in self._symbols]
