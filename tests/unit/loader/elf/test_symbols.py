"""Symbols by name and by address, from all the tables that a file has."""

from __future__ import annotations

import lzma
from pathlib import Path

import pytest
from aotrace.loader.elf import debugfile
from aotrace.loader.elf.file import ElfFile, open_elf
from aotrace.loader.elf.symbols import Symbols

from tests.support import elf_writer
from tests.support.elf_writer import TEXT_ADDRESS, Sym

_OUTER = Sym("outer", TEXT_ADDRESS, 32)
_INNER = Sym("inner", TEXT_ADDRESS + 40, 8)
_TAIL = Sym("uter", TEXT_ADDRESS + 48, 8)
_LABEL = Sym("unsized", TEXT_ADDRESS + 56, 0)
_IMPORTED = Sym("imported", 0, 0, section=0)
_DATA = Sym("data", TEXT_ADDRESS + 60, 4, kind=1)
_ALL = (_OUTER, _INNER, _TAIL, _LABEL, _IMPORTED, _DATA)


def _symbols(*symbols: Sym, bits: int = 64) -> Symbols:
    return Symbols(ElfFile("x", elf_writer.build(symbols, bits=bits)))


@pytest.mark.parametrize("bits", [32, 64])
def test_find(bits: int) -> None:
    found = _symbols(*_ALL, bits=bits).find("outer")
    assert [(s.name, s.address, s.size) for s in found] == [("outer", TEXT_ADDRESS, 32)]


def test_tail_of_another_name_is_not_it() -> None:
    found = _symbols(_OUTER, _INNER).find("uter")
    assert found == []


def test_undefined_symbols_do_not_count() -> None:
    assert _symbols(*_ALL).find("imported") == []


def test_functions_leave_data_out() -> None:
    names = [symbol.name for symbol in _symbols(*_ALL).functions()]
    assert names == ["outer", "inner", "uter", "unsized"]


@pytest.mark.parametrize(
    ("offset", "name"),
    [(0, "outer"), (31, "outer"), (32, None), (40, "inner"), (58, "unsized"), (-1, None)],
)
def test_at(offset: int, name: str | None) -> None:
    found = _symbols(_OUTER, _INNER, _TAIL, _LABEL).at(TEXT_ADDRESS + offset)
    assert (found.name if found else None) == name


def test_both_tables_count_once() -> None:
    image = elf_writer.build([_OUTER], dynamic=[_OUTER, _INNER])
    assert [s.name for s in Symbols(ElfFile("x", image)).functions()] == ["outer", "inner"]


def test_compressed_symbols_of_a_stripped_file() -> None:
    packed = lzma.compress(elf_writer.build([_INNER]))
    image = elf_writer.build(dynamic=[_OUTER], sections=[(".gnu_debugdata", 1, packed)])
    symbols = Symbols(ElfFile("x", image))
    assert [s.name for s in symbols.functions()] == ["outer", "inner"]
    assert Symbols(ElfFile("x", image), debug=False).find("inner") == []


def test_debug_file_by_link(tmp_path: Path) -> None:
    """A file of another build id does not count."""
    link = b"x.debug\0" + bytes(4)
    binary, debug = tmp_path / "x", tmp_path / "x.debug"
    binary.write_bytes(elf_writer.build(sections=[(".gnu_debuglink", 1, link)]))
    debug.write_bytes(elf_writer.build([_INNER]))
    with open_elf(str(binary)) as elf:
        assert debugfile.find(elf) == str(debug)
        assert Symbols(elf).find("inner")
    debug.write_bytes(elf_writer.build([_INNER], build_id=b"\1\2"))
    with open_elf(str(binary)) as elf:
        assert debugfile.find(elf) == ""
        assert Symbols(elf).empty
