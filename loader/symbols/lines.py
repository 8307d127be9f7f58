"""Lines of source that the code of a file was made of: its DWARF, if pyelftools is here to read it.

The one place of the loader that imports pyelftools (listing/signatures.py opens DWARF through it).

A compilation unit's table is read when the first address of it is looked up. A file that tells
nothing, or is damaged, has no lines.
"""

from __future__ import annotations

import os
from bisect import bisect_right

from aotrace.loader.elf import debugfile
from aotrace.loader.elf.file import ElfError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from aotrace.loader.elf.file import ElfFile

    #: Where each row of a unit begins, and what it says: (end, source, line).
    Table = tuple[list[int], list[tuple[int, str, int]]]

_SECTION = ".debug_line"


class Lines:
    """The lines of one file."""

    def __init__(self, elf: ElfFile) -> None:
        self._elf = elf
        self._dwarf: Any = None
        self._opened = False
        self._tables: dict[int, Table] = {}

    def at(self, address: int) -> str:
        """FILE:LINE of an address; "" where nothing tells it."""
        try:
            return self._at(address)
        except Exception:  # damaged DWARF makes pyelftools raise anything
            return ""

    def _at(self, address: int) -> str:
        if not self._opened:
            self._opened = True
            self._dwarf = open_dwarf(self._elf)
        units = self._units(address) if self._dwarf else ()
        return next(filter(None, (self._in_unit(unit, address) for unit in units)), "")

    def _units(self, address: int) -> Iterator[Any]:
        """The units that may hold an address: one, where the file has an index."""
        aranges = self._dwarf.get_aranges()
        if not aranges:
            yield from (unit for unit in self._dwarf.iter_CUs() if _may_hold(unit, address))
            return
        offset = aranges.cu_offset_at_addr(address)
        if offset is not None:
            yield self._dwarf.get_CU_at(offset)

    def _in_unit(self, unit: Any, address: int) -> str:
        table = self._tables.get(unit.cu_offset)
        if table is None:
            table = self._tables[unit.cu_offset] = self._read(unit)
        starts, rows = table
        index = bisect_right(starts, address) - 1
        if index < 0 or address >= rows[index][0] or not rows[index][2]:
            return ""
        return f"{rows[index][1]}:{rows[index][2]}"

    def _read(self, unit: Any) -> Table:
        program = self._dwarf.line_program_for_CU(unit)
        rows = sorted(_rows(program, _sources(unit, program))) if program else []
        return [row[0] for row in rows], [row[1:] for row in rows]


def open_dwarf(elf: ElfFile) -> Any:
    """What pyelftools makes of the file, or of its debug file; None where there is no DWARF, or no
    pyelftools."""
    try:
        from elftools.elf.elffile import ELFFile  # not there on every target
    except ImportError:
        return None
    for each in _with_lines(elf):
        stream: Any = each.stream()  # a mapping is read as a file is
        return ELFFile(stream).get_dwarf_info()
    return None


def _with_lines(elf: ElfFile) -> Iterator[ElfFile]:
    if elf.section(_SECTION):
        yield elf
        return
    try:
        yield from (extra for extra in debugfile.extras(elf) if extra.section(_SECTION))
    except (ElfError, OSError):
        return


def _may_hold(unit: Any, address: int) -> bool:
    """Whether a unit's bounds have an address in them, where it has such and no list of ranges."""
    attributes = unit.get_top_DIE().attributes
    low, high = attributes.get("DW_AT_low_pc"), attributes.get("DW_AT_high_pc")
    if low is None or high is None:
        return "DW_AT_ranges" in attributes
    end = high.value if high.form == "DW_FORM_addr" else low.value + high.value
    return bool(low.value <= address < end)


def _rows(program: Any, sources: dict[int, str]) -> Iterator[tuple[int, int, str, int]]:
    """(start, end, source, line) of each stretch of code."""
    before = None
    for entry in program.get_entries():
        state = entry.state
        if state is None:
            continue
        if before is not None and state.address > before.address:
            yield before.address, state.address, sources.get(before.file, ""), before.line
        before = None if state.end_sequence else state


def _sources(unit: Any, program: Any) -> dict[int, str]:
    """The paths of a unit's sources, by their numbers in its table."""
    header = program.header
    folder = unit.get_top_DIE().attributes.get("DW_AT_comp_dir")
    base = os.fsdecode(folder.value) if folder else ""
    folders = [os.fsdecode(each) for each in header.include_directory]
    newest = header.version >= 5  # counts files and folders from 0
    if not newest:
        folders.insert(0, base)
    return {
        number: os.path.normpath(
            os.path.join(base, _folder(folders, entry.dir_index), os.fsdecode(entry.name))
        )
        for number, entry in enumerate(header.file_entry, start=0 if newest else 1)
    }


def _folder(folders: list[str], index: int) -> str:
    return folders[index] if index < len(folders) else ""
