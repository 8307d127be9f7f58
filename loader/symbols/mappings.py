"""What a process has mapped: /proc/PID/maps, read while the process lives."""

from __future__ import annotations

import os
from bisect import bisect_right

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_DELETED = " (deleted)"
#: What the kernel maps into every process; it has no file.
VDSO = "[vdso]"


class Mapping:
    """A piece of a process's memory. offset: where it begins in the file; file: what tells files
    apart, (device, inode); path: empty for memory without a file, `[vdso]` and the like else."""

    __slots__ = ("end", "file", "offset", "path", "start")

    def __init__(self, start: int, end: int, offset: int, file: tuple[str, str], path: str) -> None:
        self.start = start
        self.end = end
        self.offset = offset
        self.file = file
        self.path = path


class Mappings:
    """The executable mappings of a process at one time."""

    def __init__(self, mappings: Iterable[Mapping]) -> None:
        self._mappings = sorted(mappings, key=lambda mapping: mapping.start)
        self._starts = [mapping.start for mapping in self._mappings]

    def __len__(self) -> int:
        return len(self._mappings)

    def __iter__(self) -> Iterator[Mapping]:
        """Ascending."""
        return iter(self._mappings)

    def at(self, address: int) -> Mapping | None:
        index = bisect_right(self._starts, address) - 1
        if index < 0 or address >= self._mappings[index].end:
            return None
        return self._mappings[index]


def parse(text: str) -> Iterator[Mapping]:
    """The executable mappings in the text of a maps file; what is no such line is passed over."""
    for line in text.split("\n"):
        fields = line.split(None, 5)
        if len(fields) < 5 or fields[1][2:3] != "x":
            continue
        bounds, _, offset, device, inode = fields[:5]
        start, _, end = bounds.partition("-")
        try:
            place = int(start, 16), int(end, 16), int(offset, 16)
        except ValueError:
            continue
        path = fields[5] if len(fields) > 5 else ""
        yield Mapping(*place, (device, inode), path.removesuffix(_DELETED) if path else "")


def read(pid: int) -> Mappings | None:
    """The mappings of a process; None: it is gone, or none of ours to look at."""
    try:
        with open(f"/proc/{pid}/maps", encoding="utf-8", errors="surrogateescape") as file:
            text = file.read()
    except OSError:
        return None
    return Mappings(parse(text)) if text else None


def pid_inside(pid: int) -> int:
    """The number that a process has in its own PID namespace."""
    try:
        with open(f"/proc/{pid}/status", encoding="utf-8", errors="replace") as file:
            for line in file:
                if line.startswith("NSpid:"):
                    return int(line.split()[-1])
    except (OSError, ValueError):
        pass
    return pid


def image(pid: int, mapping: Mapping) -> bytes | None:
    """What is mapped, read out of the process."""
    try:
        with open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
            memory.seek(mapping.start)
            return memory.read(mapping.end - mapping.start)
    except (OSError, ValueError):
        return None


def visible(pid: int, mapping: Mapping) -> Iterator[str]:
    """Paths under which the mapped file may be opened: also one that was removed since, or lies in
    another mount namespace."""
    yield f"/proc/{pid}/map_files/{mapping.start:x}-{mapping.end:x}"
    yield f"/proc/{pid}/root{mapping.path}"
    if os.path.isabs(mapping.path):
        yield mapping.path
