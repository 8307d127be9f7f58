"""ELF files of BPF objects: read LLVM's, write our own.

Only what such objects have: 64-bit, little-endian, relocatable, relocations without addends
(SHT_REL). Symbols and sections refer to each other as objects, so that any may be left out;
numbers and offsets are given when the file is written. Source: the ELF-64 object file format.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

from aotrace.compiler.objfile.errors import ObjectError

SHT_PROGBITS, SHT_SYMTAB, SHT_STRTAB, SHT_NOBITS, SHT_REL = 1, 2, 3, 8, 9
SHF_ALLOC, SHF_EXECINSTR, SHF_INFO_LINK = 0x2, 0x4, 0x40
STB_LOCAL = 0
STT_OBJECT, STT_FUNC = 1, 2
_ET_REL, _EM_BPF = 1, 247

_HEADER = struct.Struct("<16sHHIQQQIHHHHHH")
_SECTION = struct.Struct("<IIQQQQIIQQ")
_SYMBOL = struct.Struct("<IBBHQQ")
_REL = struct.Struct("<QQ")
_IDENT = b"\x7fELF\x02\x01\x01".ljust(16, b"\0")


@dataclass(eq=False)
class Relocation:
    """A place in a section that depends on a symbol; type: R_BPF_*."""

    offset: int
    type: int
    symbol: Symbol


@dataclass(eq=False)
class Section:
    """A section with contents of its own; symbol, string and relocation tables are made anew.

    size differs from the data's length for SHT_NOBITS alone.
    """

    name: str
    type: int
    flags: int
    align: int
    data: bytearray
    size: int
    relocations: list[Relocation] = field(default_factory=list)

    @property
    def executable(self) -> bool:
        return bool(self.flags & SHF_EXECINSTR)


@dataclass(eq=False)
class Symbol:
    """A symbol; section None: undefined."""

    name: str
    info: int
    other: int
    section: Section | None
    value: int
    size: int

    @property
    def type(self) -> int:
        return self.info & 0xF

    @property
    def is_local(self) -> bool:
        return self.info >> 4 == STB_LOCAL


@dataclass
class Elf:
    """An object file: sections and symbols in the file's order, without the null ones."""

    sections: list[Section]
    symbols: list[Symbol]

    def find(self, name: str) -> Section | None:
        return next((s for s in self.sections if s.name == name), None)

    def section(self, name: str) -> Section:
        """The section of that name. Raises ObjectError when there is none."""
        found = self.find(name)
        if found is None:
            raise ObjectError(f"the object has no section {name}")
        return found


class _Header:
    """One entry of the section header table, with its name."""

    def __init__(self, words: tuple[int, ...], data: bytes) -> None:
        self.name_at, self.type, self.flags, _, offset, self.size = words[:6]
        self.link, self.info, self.align, _ = words[6:]
        self.data = b"" if self.type == SHT_NOBITS else data[offset : offset + self.size]


def read(data: bytes) -> Elf:
    """Take LLVM's object apart. Raises ObjectError for anything else."""
    if data[:7] != _IDENT[:7] or len(data) < _HEADER.size:
        raise ObjectError("LLVM's output is not a little-endian 64-bit ELF file")
    fields = _HEADER.unpack_from(data)
    table, count, names_at = fields[6], fields[12], fields[13]
    headers = [
        _Header(_SECTION.unpack_from(data, table + index * _SECTION.size), data)
        for index in range(count)
    ]
    names = headers[names_at].data
    made_anew = {names_at, *(h.link for h in headers if h.type == SHT_SYMTAB)}
    sections = {
        index: Section(
            _string(names, h.name_at), h.type, h.flags, h.align, bytearray(h.data), h.size
        )
        for index, h in enumerate(headers)
        if index and index not in made_anew and h.type not in (SHT_SYMTAB, SHT_REL)
    }
    symbols = _read_symbols(headers, sections)
    for header in headers:
        if header.type == SHT_REL and header.info in sections:
            sections[header.info].relocations = _read_relocations(header.data, symbols)
    return Elf(list(sections.values()), symbols[1:])


def _read_symbols(headers: list[_Header], sections: dict[int, Section]) -> list[Symbol]:
    table = next((h for h in headers if h.type == SHT_SYMTAB), None)
    if table is None:
        raise ObjectError("LLVM's object has no symbols")
    strings = headers[table.link].data
    return [
        Symbol(_string(strings, name), info, other, sections.get(index), value, size)
        for name, info, other, index, value, size in _SYMBOL.iter_unpack(table.data)
    ]


def _read_relocations(data: bytes, symbols: list[Symbol]) -> list[Relocation]:
    return [
        Relocation(offset, info & 0xFFFFFFFF, symbols[info >> 32])
        for offset, info in _REL.iter_unpack(data)
    ]


def _string(table: bytes, offset: int) -> str:
    return table[offset : table.index(b"\0", offset)].decode()


def write(elf: Elf) -> bytes:
    """The file's bytes, sections in their order; equal input gives equal bytes."""
    return _Writer(elf).file_bytes()


class _Strings:
    """A string table in the making."""

    def __init__(self) -> None:
        self.data = bytearray(b"\0")
        self._offsets = {"": 0}

    def add(self, text: str) -> int:
        if text not in self._offsets:
            self._offsets[text] = len(self.data)
            self.data += text.encode() + b"\0"
        return self._offsets[text]


class _Writer:
    """Lays a file out: header, the sections' data in order, tables, section headers."""

    def __init__(self, elf: Elf) -> None:
        self._symbols = sorted(elf.symbols, key=lambda symbol: not symbol.is_local)
        self._number = {id(s): i for i, s in enumerate(self._symbols, 1)}
        self._index = {id(s): i for i, s in enumerate(elf.sections, 1)}
        self._strings = _Strings()
        self._file = bytearray(_HEADER.size)
        self._headers = bytearray(_SECTION.size)
        relocated = [s for s in elf.sections if s.relocations]
        self._symtab = 1 + len(elf.sections) + len(relocated)
        for section in elf.sections:
            self._add(section.name, section.type, section.flags, section.align, section.data,
                      size=section.size)  # fmt: skip
        for section in relocated:
            self._add_relocations(section)
        self._add_symbols()
        self._add_strings()

    def file_bytes(self) -> bytes:
        self._pad(8)
        table = len(self._file)
        count = len(self._headers) // _SECTION.size
        _HEADER.pack_into(
            self._file, 0, _IDENT, _ET_REL, _EM_BPF, 1, 0, 0, table, 0, _HEADER.size, 0, 0,
            _SECTION.size, count, count - 1,
        )  # fmt: skip
        return bytes(self._file + self._headers)

    def _add(
        self,
        name: str,
        kind: int,
        flags: int,
        align: int,
        data: bytes | bytearray,
        link: int = 0,
        info: int = 0,
        entry: int = 0,
        size: int | None = None,
    ) -> None:
        self._pad(align)
        self._headers += _SECTION.pack(
            self._strings.add(name), kind, flags, 0, len(self._file),
            len(data) if size is None else size, link, info, align, entry,
        )  # fmt: skip
        self._file += data

    def _add_relocations(self, section: Section) -> None:
        data = b"".join(
            _REL.pack(item.offset, self._number[id(item.symbol)] << 32 | item.type)
            for item in section.relocations
        )
        self._add(
            f".rel{section.name}", SHT_REL, SHF_INFO_LINK, 8, data,
            self._symtab, self._index[id(section)], _REL.size,
        )  # fmt: skip

    def _add_symbols(self) -> None:
        data = bytearray(_SYMBOL.size)
        for symbol in self._symbols:
            index = self._index[id(symbol.section)] if symbol.section else 0
            name = self._strings.add(symbol.name)
            data += _SYMBOL.pack(name, symbol.info, symbol.other, index, symbol.value, symbol.size)
        first_global = 1 + sum(symbol.is_local for symbol in self._symbols)
        self._add(".symtab", SHT_SYMTAB, 0, 8, data, self._symtab + 1, first_global, _SYMBOL.size)

    def _add_strings(self) -> None:
        self._strings.add(".strtab")
        self._add(".strtab", SHT_STRTAB, 0, 1, self._strings.data)

    def _pad(self, align: int) -> None:
        self._file += bytes(-len(self._file) % max(align, 1))
