"""From a line of a source file to the address of the first instruction that it became."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

from aotrace.compiler.binaries.dwarf import Dwarf, DwarfError, reading


def address_of(dwarf: Dwarf, file: str, line: int, column: int) -> int:
    """The address of FILE:LINE[:COLUMN]; column 0: any. Raises DwarfError.

    `file` is the end of a source's path, whole names only; it must mean one source.
    """
    with reading(dwarf.path):
        return _address_of(dwarf, file, line, column)


def _address_of(dwarf: Dwarf, file: str, line: int, column: int) -> int:
    sources: dict[str, list[Any]] = {}
    for unit in dwarf.units:
        for path in set(_paths(dwarf, unit).values()):
            if _ends_with(path, file):
                sources.setdefault(path, []).append(unit)
    if not sources:
        raise DwarfError(f"{dwarf.path} was not made of a source called {file}")
    if len(sources) > 1:
        first, second, *_ = sorted(sources)
        raise DwarfError(f"{file} may be {first} or {second}", "name more of its path")
    ((path, units),) = sources.items()
    for unit in units:
        for address, found in _rows(dwarf, unit, path):
            if found.line == line and column in (0, found.column):
                return address
    near = sorted({row.line for unit in units for _, row in _rows(dwarf, unit, path)})
    after = next((number for number in near if number > line), None)
    hint = f"the next line with one is {after}" if after and not column else ""
    place = f"{file}:{line}" + (f":{column}" if column else "")
    raise DwarfError(f"no instruction of {dwarf.path} begins {place}", hint)


def _rows(dwarf: Dwarf, unit: Any, path: str) -> Iterator[tuple[int, Any]]:
    """Address and state of each row of a unit's line table that belongs to one source."""
    files = {number for number, known in _paths(dwarf, unit).items() if known == path}
    for entry in dwarf.lines(unit).get_entries():
        state = entry.state
        if state and not state.end_sequence and state.file in files:
            yield int(state.address), state


def _paths(dwarf: Dwarf, unit: Any) -> dict[int, str]:
    """The sources of a unit by their numbers in its line table."""
    program = dwarf.lines(unit)
    if program is None:
        return {}
    header = program.header
    folder = unit.get_top_DIE().attributes.get("DW_AT_comp_dir")
    folders = [_text(each) for each in header.include_directory]
    base = _text(folder.value) if folder else ""
    newest = header.version >= 5  # counts files and folders from 0, the unit's own first
    if not newest:
        folders.insert(0, base)
    return {
        number: os.path.normpath(
            os.path.join(base, _at(folders, entry.dir_index), _text(entry.name))
        )
        for number, entry in enumerate(header.file_entry, start=0 if newest else 1)
    }


def _at(folders: list[str], index: int) -> str:
    return folders[index] if index < len(folders) else ""


def _text(name: bytes | str) -> str:
    return os.fsdecode(name)


def _ends_with(path: str, end: str) -> bool:
    wanted, found = os.path.normpath(end).split("/"), path.split("/")
    return found[-len(wanted) :] == wanted
