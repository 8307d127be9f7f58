"""The symbols of an ELF file: of its own tables, of its compressed ones, of its debug file.

`find` looks a name up, `at` an address; addresses are those that the file states (ElfFile.offset_of
and address_of go to places in the file and back).
"""

from __future__ import annotations

import os
import struct

from aotrace.loader.elf import debugfile
from aotrace.loader.elf.file import DYNSYM, SYMTAB, ElfError, text_at

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from aotrace.loader.elf.file import ElfFile, Section

OBJECT, FUNC, IFUNC = 1, 2, 10  # STT_…
_NAMED = frozenset((OBJECT, FUNC, IFUNC))
_CODE = frozenset((FUNC, IFUNC))
_LAYOUTS = {64: struct.Struct("<IBBHQQ"), 32: struct.Struct("<IIIBBH")}


class Symbol:
    """A function or a variable; size 0: the file does not say where it ends. local: no other file
    can name it."""

    __slots__ = ("address", "kind", "local", "name", "size")

    def __init__(self, name: str, address: int, size: int, kind: int, local: bool = False) -> None:
        self.name = name
        self.address = address
        self.size = size
        self.kind = kind
        self.local = local

    def __repr__(self) -> str:
        return f"Symbol({self.name!r}, {self.address:#x}, {self.size}, {self.kind})"


class _Table:
    """One symbol table: (name's offset, address, size, kind, local) of what is defined there."""

    def __init__(self, elf: ElfFile, section: Section) -> None:
        layout = _LAYOUTS[elf.bits]
        data = elf.data(section)
        if section.link >= len(elf.sections):
            raise elf.damaged()
        self.strings = elf.data(elf.sections[section.link])
        whole = data[: len(data) // layout.size * layout.size]
        if elf.bits == 64:
            rows = ((n, v, s, i, x) for n, i, _, x, v, s in layout.iter_unpack(whole))
        else:
            rows = ((n, v, s, i, x) for n, v, s, i, _, x in layout.iter_unpack(whole))
        self.rows = [
            (n, v, s, i & 15, not i >> 4) for n, v, s, i, x in rows if x and i & 15 in _NAMED
        ]

    def symbol(self, row: tuple[int, int, int, int, bool]) -> Symbol:
        return Symbol(text_at(self.strings, row[0]), *row[1:])

    def named(self, name: str) -> Iterator[Symbol]:
        """A name may be the tail of another's: each place where it ends with a NUL counts."""
        wanted, places, at = os.fsencode(name) + b"\0", set(), -1
        while (at := self.strings.find(wanted, at + 1)) >= 0:
            places.add(at)
        return (self.symbol(row) for row in self.rows if places and row[0] in places)


class Symbols:
    """All symbols that can be found for a file; tables are read when they are asked for."""

    def __init__(self, elf: ElfFile, debug: bool = True) -> None:
        """debug: what is kept outside of the file counts too."""
        self._elf = elf
        self._debug = debug
        self._found: list[_Table] | None = None
        self._sorted: tuple[list[int], list[Symbol]] | None = None

    @property
    def tables(self) -> list[_Table]:
        if self._found is None:
            self._found = list(_tables(self._elf))
            has_all = any(section.kind == SYMTAB for section in self._elf.sections)
            if self._debug and not has_all:
                for extra in debugfile.extras(self._elf):
                    with extra:
                        self._found += _tables(extra)
        return self._found

    @property
    def empty(self) -> bool:
        """Whether there are none at all: the file was stripped, and nothing is kept elsewhere."""
        return not any(table.rows for table in self.tables)

    def find(self, name: str) -> list[Symbol]:
        """The symbols of that name: mostly one, none where there is no such."""
        return _distinct(symbol for table in self.tables for symbol in table.named(name))

    def functions(self) -> list[Symbol]:
        """All functions, each name and address once, in the order of the file."""
        return _distinct(
            table.symbol(row) for table in self.tables for row in table.rows if row[3] in _CODE
        )

    def at(self, address: int) -> Symbol | None:
        """The symbol that holds an address; one without a size reaches up to the next one."""
        from bisect import bisect_right

        if self._sorted is None:
            self._sorted = self._sort()
        starts, symbols = self._sorted
        index = bisect_right(starts, address) - 1
        while index >= 0:
            found = symbols[index]
            if address - found.address < found.size or not found.size:
                return found
            if index and starts[index - 1] == starts[index]:
                index -= 1
                continue
            return None
        return None

    def _sort(self) -> tuple[list[int], list[Symbol]]:
        every = _distinct(table.symbol(row) for table in self.tables for row in table.rows)
        # Of those that begin at one address the last is tried first: a sized one, and one that the
        # file shows to others (libraries have local names for their own use).
        every.sort(key=lambda s: (s.address, s.size > 0, s.kind in _CODE, not s.local))
        return [symbol.address for symbol in every], every


def _tables(elf: ElfFile) -> Iterator[_Table]:
    for section in elf.sections:
        if section.kind in (SYMTAB, DYNSYM):
            try:
                yield _Table(elf, section)
            except ElfError:
                if section.kind == SYMTAB:
                    raise


def _distinct(symbols: Iterator[Symbol]) -> list[Symbol]:
    """.dynsym repeats what .symtab has."""
    return list({(s.name, s.address): s for s in symbols}.values())
