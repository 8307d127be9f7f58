"""Reading and writing ELF: what goes in comes out, laid out anew; others judge what is written."""

from __future__ import annotations

import io
from typing import Any

import pytest
from aotrace.compiler.objfile.elf import (
    SHF_ALLOC,
    SHF_EXECINSTR,
    SHT_NOBITS,
    SHT_PROGBITS,
    SHT_STRTAB,
    Elf,
    Relocation,
    Section,
    Symbol,
    read,
    write,
)
from aotrace.compiler.objfile.errors import ObjectError
from elftools.elf.elffile import ELFFile


def section(name: str, data: bytes, kind: int = SHT_PROGBITS, flags: int = 0) -> Section:
    return Section(name, kind, flags, 8, bytearray(data), len(data))


def sample() -> Elf:
    code = section("raw_tp", bytes(24), flags=SHF_ALLOC | SHF_EXECINSTR)
    data = section(".rodata", b"constant", flags=SHF_ALLOC)
    empty = Section(".bss", SHT_NOBITS, SHF_ALLOC, 8, bytearray(), 16)
    text = section(".notes", b"no string table of the file's own", SHT_STRTAB)
    program = Symbol("program", 0x12, 0, code, 0, 24)
    constant = Symbol("constant", 0x01, 0, data, 0, 8)
    elsewhere = Symbol("elsewhere", 0x10, 0, None, 0, 0)
    code.relocations = [Relocation(0, 1, constant), Relocation(16, 10, elsewhere)]
    return Elf([code, data, empty, text], [program, constant, elsewhere])


def test_pyelftools_reads_what_is_written() -> None:
    file: Any = ELFFile(io.BytesIO(write(sample())))
    assert file["e_machine"] == "EM_BPF"
    names = [each.name for each in file.iter_sections()]
    assert names == ["", "raw_tp", ".rodata", ".bss", ".notes", ".relraw_tp", ".symtab", ".strtab"]
    assert file.get_section_by_name(".rodata").data() == b"constant"
    assert file.get_section_by_name(".bss")["sh_size"] == 16
    symbols = file.get_section_by_name(".symtab")
    assert [each.name for each in symbols.iter_symbols()] == [
        "",
        "constant",
        "program",
        "elsewhere",
    ]
    assert symbols["sh_info"] == 2  # the first global one: locals come before
    relocations = file.get_section_by_name(".relraw_tp")
    named = [
        (each["r_offset"], each["r_info_type"], symbols.get_symbol(each["r_info_sym"]).name)
        for each in relocations.iter_relocations()
    ]
    assert named == [(0, 1, "constant"), (16, 10, "elsewhere")]


def test_reading_gives_back_what_was_written() -> None:
    data = write(sample())
    found = read(data)
    assert write(found) == data
    assert [each.name for each in found.sections] == ["raw_tp", ".rodata", ".bss", ".notes"]
    (first, second) = found.sections[0].relocations
    assert first.symbol.section is found.sections[1]
    assert second.symbol.section is None
    assert found.section("raw_tp").executable
    assert not found.section(".rodata").executable


def test_data_is_aligned() -> None:
    file = ELFFile(io.BytesIO(write(sample())))
    assert all(
        each["sh_offset"] % max(each["sh_addralign"], 1) == 0 for each in file.iter_sections()
    )
    assert file["e_shoff"] % 8 == 0


def test_missing_section() -> None:
    assert sample().find(".BTF") is None
    with pytest.raises(ObjectError, match=r"no section \.BTF"):
        sample().section(".BTF")


@pytest.mark.parametrize("data", [b"", b"\x7fELF", b"\x7fELF\x01\x01\x01" + bytes(60), b"x" * 100])
def test_foreign_files_are_refused(data: bytes) -> None:
    with pytest.raises(ObjectError, match="not a little-endian 64-bit ELF file"):
        read(data)


def test_file_without_symbols_is_refused() -> None:
    data = write(Elf([], []))
    stripped = data.replace(b"\x02\x00\x00\x00" + bytes(4), b"\x01\x00\x00\x00" + bytes(4))
    with pytest.raises(ObjectError, match="no symbols"):
        read(stripped)
