"""ELF files read by the standard library, whatever they hold."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import pytest
from aotrace.loader.elf.file import ElfError, ElfFile, open_elf

from tests.support import elf_writer
from tests.support.elf_writer import TEXT_ADDRESS, TEXT_OFFSET


@pytest.mark.parametrize("bits", [32, 64])
def test_headers(bits: int) -> None:
    elf = ElfFile("x", elf_writer.build(build_id=b"\x01\xab", bits=bits))
    assert (elf.bits, elf.kind, elf.machine) == (bits, 3, 62)
    assert [section.name for section in elf.sections][:3] == ["", ".text", ".note.gnu.build-id"]
    assert elf.build_id == "01ab"


def test_addresses_and_offsets() -> None:
    elf = ElfFile("x", elf_writer.build())
    assert elf.offset_of(TEXT_ADDRESS + 5) == TEXT_OFFSET + 5
    assert elf.address_of(TEXT_OFFSET + 5) == TEXT_ADDRESS + 5
    assert elf.offset_of(TEXT_ADDRESS - 1) is None
    assert elf.address_of(0) is None


def test_start_within_an_archive() -> None:
    elf = ElfFile("x", b"PK" * 8 + elf_writer.build(text=b"inside" * 4), start=16)
    section = elf.section(".text")
    assert section
    assert elf.data(section) == b"inside" * 4


def test_compressed_section() -> None:
    packed = struct.pack("<IIQQ", 1, 0, 9, 1) + zlib.compress(b"unpacked!")
    elf = ElfFile("x", elf_writer.build(sections=[(".debug_x", 1, packed)]))
    section = elf.section(".debug_x")
    assert section
    section.flags = 0x800
    assert elf.data(section) == b"unpacked!"


@pytest.mark.parametrize("image", [b"", b"\x7f", b"#!/bin/sh\n" + bytes(60)])
def test_not_elf(image: bytes, tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(image)
    with pytest.raises(ElfError, match=r"x is not an ELF file"):
        open_elf(str(path)).sections  # noqa: B018


def test_cut_off_anywhere() -> None:
    """Whatever is missing, the error is ours."""
    image = elf_writer.build([elf_writer.Sym("f", TEXT_ADDRESS, 4)], build_id=b"\x01\x02")
    for size in range(64, len(image), 7):
        elf = ElfFile("x", image[:size])
        try:
            for section in elf.sections:
                elf.data(section)
        except ElfError:
            pass
