"""The maps of unwind rules, filled for some processes (runtime/unwind.py says what is in them)."""

from __future__ import annotations

import mmap
import os
from array import array

from aotrace.loader.elf.file import EXECUTES, LOAD, ElfError, ElfFile, open_elf
from aotrace.loader.errors import LoaderError, StartError
from aotrace.loader.symbols import mappings
from aotrace.loader.unwind.frames import Rules, rows
from aotrace.runtime import unwind

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from aotrace.loader.child import Process
    from aotrace.loader.libbpf.handles import Map, Object
    from aotrace.loader.libbpf.lib import Libbpf
    from aotrace.loader.options import Options
    from aotrace.loader.owned import Owned
    from aotrace.loader.symbols.mappings import Mapping

_SECTION = ".eh_frame"
_WORD = 8
_MASK = (1 << 64) - 1


class Tables:
    """Rules for the code that processes have mapped when this is made; each file is read once."""

    def __init__(self, pids: Iterable[int]) -> None:
        """Raises LoaderError for a process that is not there."""
        self._rules = Rules()
        self._rows = array("Q")
        self._ranges: list[bytes] = []
        self._spaces: dict[int, bytes] = {}
        self._files: dict[object, _File | None] = {}
        for pid in pids:
            self._add(pid)

    def _add(self, pid: int) -> None:
        mapped = mappings.read(pid)
        if mapped is None:
            raise LoaderError(f"there is no process {pid} whose stack could be unwound")
        first = len(self._ranges)
        for mapping in mapped:
            file = self._file(pid, mapping)
            bias = file.bias(mapping) if file else None
            if file and bias is not None:
                place = mapping.start, mapping.end, bias, file.first, file.count
                self._ranges.append(unwind.RANGE.pack(*place))
        self._spaces[pid] = unwind.SPACE.pack(first, len(self._ranges) - first)

    def _file(self, pid: int, mapping: Mapping) -> _File | None:
        key = (mapping.file, mapping.path)
        if key not in self._files:
            self._files[key] = self._read(pid, mapping)
        return self._files[key]

    def _read(self, pid: int, mapping: Mapping) -> _File | None:
        for elf in _images(pid, mapping):
            with elf:
                try:
                    return self._rows_of(elf)
                except ElfError:
                    continue
        return None

    def _rows_of(self, elf: ElfFile) -> _File | None:
        section = elf.section(_SECTION)
        if section is None:
            return None
        found = rows(elf.data(section), section.address, self._rules)
        first = len(self._rows)
        self._rows.extend(found)
        return _File(elf, first, len(found))

    # What the maps come to be

    def prepare(self, bpf: Object) -> None:
        """Give the maps their sizes, before the object is loaded."""
        sizes = {
            unwind.SPACES: len(self._spaces), unwind.RANGES: len(self._ranges),
            unwind.ROWS: len(self._rows), unwind.RULES: len(self._rules.all),
        }  # fmt: skip
        for name, size in sizes.items():
            _map(bpf, name).resize(max(size, 1))

    def settings(self) -> dict[str, int]:
        return {}

    def tell(self, bpf: Object) -> None:
        """Fill the maps of the loaded object."""
        rules = array("Q", (word for rule in self._rules.all for word in rule))
        _fill(_map(bpf, unwind.RANGES), b"".join(self._ranges))
        _fill(_map(bpf, unwind.ROWS), self._rows.tobytes())
        _fill(_map(bpf, unwind.RULES), rules.tobytes())
        spaces = _map(bpf, unwind.SPACES)
        for pid, space in self._spaces.items():
            spaces.put(pid.to_bytes(4, "little"), space)


class _File:
    """What of the rows are a file's own, and where its code lies in it."""

    def __init__(self, elf: ElfFile, first: int, count: int) -> None:
        self.first = first
        self.count = count
        self._code = [s for s in elf.segments if s.kind == LOAD and s.flags & EXECUTES]

    def bias(self, mapping: Mapping) -> int | None:
        """What the addresses of a mapping have more than the file's own; None: it is no code."""
        size = mapping.end - mapping.start
        for code in self._code:
            if -size < mapping.offset - code.offset < code.file_size:
                address = code.address + mapping.offset - code.offset
                return (mapping.start - address) & _MASK
        return None


def find_rules(
    options: Options, process: Process | None, lib: Libbpf, owned: Owned
) -> tuple[Process | None, Tables]:
    """For the processes of -p, -c and --dwarf-pid. The command of -c is executed for that, so that
    it is another thing that is started. Raises LoaderError."""
    from aotrace.loader.child import Child

    if isinstance(process, Child):
        from aotrace.loader.unwind.entry import AtEntry

        process = owned.own(AtEntry(process, lib))
    pids = [*([process.pid] if process else []), *options.dwarf_pids]
    if not pids:
        hint = "name one with -p, -c or --dwarf-pid"
        raise StartError("dw_ustack requires a target process", hint)
    return process, Tables(pids)


def _images(pid: int, mapping: Mapping) -> Iterator[ElfFile]:
    """Files that the mapping may be seen in."""
    if mapping.path == mappings.VDSO:
        image = mappings.image(pid, mapping)
        if image is not None:
            yield ElfFile(mapping.path, image)
    elif os.path.isabs(mapping.path):
        for path in mappings.visible(pid, mapping):
            try:
                yield open_elf(path)
            except (ElfError, OSError, ValueError):
                continue


def _map(bpf: Object, name: str) -> Map:
    found = bpf.map(name)
    assert found is not None  # asked of objects that have them
    return found


def _fill(target: Map, content: bytes) -> None:
    """An array map, which may be mapped (Linux 5.5)."""
    if not content:
        return
    size = -(-len(content) // mmap.PAGESIZE) * mmap.PAGESIZE
    with mmap.mmap(target.fd, size, mmap.MAP_SHARED, mmap.PROT_READ | mmap.PROT_WRITE) as memory:
        memory[: len(content)] = content
