"""Just enough ELF to take one section out of a kernel image, module or object by its name.

Only the headers and the wanted section are read: a vmlinux with debug info is huge.
"""

from __future__ import annotations

import struct
from typing import BinaryIO, NamedTuple

from .errors import KernelDataError

ELF_MAGIC = b"\x7fELF"
_HEADER = struct.Struct("<16sHHIQQQIHHHHHH")
_SECTION = struct.Struct("<IIQQQQIIQQ")
_CLASS_64, _LITTLE_ENDIAN = 2, 1
_SHT_NOBITS, _SHF_COMPRESSED, _SHN_XINDEX = 8, 0x800, 0xFFFF


class _Section(NamedTuple):
    name_offset: int
    kind: int
    flags: int
    address: int
    offset: int
    size: int
    link: int
    info: int
    alignment: int
    entry_size: int


def read_sections(file: BinaryIO, wanted: tuple[str, ...]) -> dict[str, bytes]:
    """Contents of those `wanted` sections that the 64-bit little-endian ELF `file` has."""
    sections, names_index = _section_table(file)
    names = _contents(file, _at(sections, names_index))
    found: dict[str, bytes] = {}
    for section in sections:
        name = _name(names, section.name_offset)
        if name in wanted and name not in found and section.kind != _SHT_NOBITS:
            found[name] = _contents(file, section)
    return found


def _section_table(file: BinaryIO) -> tuple[list[_Section], int]:
    header = _read(file, 0, _HEADER.size)
    if header[4] != _CLASS_64 or header[5] != _LITTLE_ENDIAN:
        raise KernelDataError(
            "not a 64-bit little-endian ELF file",
            "aotrace compiles for such machines only",
        )
    fields = _HEADER.unpack(header)
    table, entry_size, count, names_index = (
        fields[6],
        fields[11],
        fields[12],
        fields[13],
    )
    if not table or entry_size != _SECTION.size:
        raise KernelDataError("this ELF file has no section table")
    first = _Section(*_SECTION.unpack(_read(file, table, _SECTION.size)))
    # More than 65,279 sections: the real numbers are in section 0 (ELF gABI, "e_shnum").
    count = count or first.size
    names_index = first.link if names_index == _SHN_XINDEX else names_index
    data = _read(file, table, count * _SECTION.size)
    return [_Section(*fields) for fields in _SECTION.iter_unpack(data)], names_index


def _at(sections: list[_Section], index: int) -> _Section:
    if index >= len(sections):
        raise KernelDataError("malformed ELF file: its section names are missing")
    return sections[index]


def _name(names: bytes, offset: int) -> str:
    end = names.find(b"\0", offset)
    return names[offset:end].decode("latin-1") if end >= 0 else ""


def _contents(file: BinaryIO, section: _Section) -> bytes:
    if section.flags & _SHF_COMPRESSED:
        raise KernelDataError(
            "the ELF section is compressed",
            "objcopy --decompress-debug-sections expands it",
        )
    return _read(file, section.offset, section.size)


def _read(file: BinaryIO, offset: int, size: int) -> bytes:
    file.seek(0, 2)
    if offset + size > file.tell():
        raise KernelDataError("truncated ELF file")
    file.seek(offset)
    return file.read(size)
