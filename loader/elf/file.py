"""One ELF file: its headers, sections, segments and build id (32 and 64 bits, little-endian).

The file is mapped, so that only what is asked for is read; it may be anything, so every offset is
checked. ELF: include/uapi/linux/elf.h.
"""

from __future__ import annotations

import mmap
import os
import struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

    Image = bytes | mmap.mmap

EXECUTABLE, SHARED = 2, 3  # ET_EXEC, ET_DYN
SYMTAB, NOTE, NOBITS, DYNSYM = 2, 7, 8, 11  # SHT_…
LOAD, _PT_NOTE = 1, 4
EXECUTES = 1  # PF_X
X86_64, AARCH64, I386 = 62, 183, 3  # EM_…
_COMPRESSED = 0x800  # SHF_COMPRESSED
_ZLIB = 1  # ELFCOMPRESS_ZLIB
_LITTLE = 1
_GNU_BUILD_ID = (b"GNU\0", 3)


class _Layout:
    """The structs of one ELF class; `order`: where a segment's fields stand in its header."""

    def __init__(self, header: str, section: str, segment: str, order: tuple[int, ...]) -> None:
        self.header = struct.Struct(header)
        self.section = struct.Struct(section)
        self.segment = struct.Struct(segment)
        self.order = order


#: by EI_CLASS; order: type, flags, offset, address, size in the file, size in memory
_LAYOUTS = {
    1: _Layout("<16sHHIIIIIHHHHHH", "<10I", "<8I", (0, 6, 1, 2, 4, 5)),
    2: _Layout("<16sHHIQQQIHHHHHH", "<IIQQQQIIQQ", "<IIQQQQQQ", (0, 1, 2, 3, 5, 6)),
}


class ElfError(Exception):
    """A file is no ELF file, or a damaged one; the text says which file and why."""


class Section:
    __slots__ = ("address", "entry", "flags", "kind", "link", "name", "offset", "size")

    def __init__(self, name: str, header: tuple[int, ...]) -> None:
        self.name = name
        (_, self.kind, self.flags, self.address, self.offset, self.size, self.link, _, _,
         self.entry) = header  # fmt: skip


class Segment:
    __slots__ = ("address", "file_size", "flags", "kind", "memory_size", "offset")

    def __init__(self, header: tuple[int, ...], order: tuple[int, ...]) -> None:
        (self.kind, self.flags, self.offset, self.address, self.file_size,
         self.memory_size) = (header[i] for i in order)  # fmt: skip


class ElfFile:
    """An ELF image. `start` is where it lies in the file at `path` (not 0 within an archive)."""

    def __init__(self, path: str, image: Image, start: int = 0) -> None:
        self.path = path
        self.start = start
        self._image = image
        header = self.bytes_at(0, 6) if len(image) >= start + 6 else bytes(6)
        if header[:4] != b"\x7fELF":
            raise ElfError(f"{path} is not an ELF file")
        layout = _LAYOUTS.get(header[4])
        if layout is None or header[5] != _LITTLE:
            raise ElfError(f"{path} is an ELF file of another byte order or class")
        self._layout = layout
        self.bits = 64 if header[4] == 2 else 32
        (
            _, self.kind, self.machine, _, _, self._phoff, self._shoff, _, _, self._phentsize,
            self._phnum, self._shentsize, self._shnum, self._shstrndx,
        ) = self._unpack(layout.header, 0)  # fmt: skip
        self._sections: list[Section] | None = None
        self._segments: list[Segment] | None = None

    def close(self) -> None:
        if isinstance(self._image, mmap.mmap):
            self._image.close()

    def __enter__(self) -> ElfFile:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def sections(self) -> list[Section]:
        """All of them, in the order of the file. Raises ElfError."""
        if self._sections is None:
            self._sections = list(self._read_sections())
        return self._sections

    @property
    def segments(self) -> list[Segment]:
        """All of them, in the order of the file. Raises ElfError."""
        if self._segments is None:
            layout, size = self._layout, self._phentsize
            self._segments = [
                Segment(self._unpack(layout.segment, self._phoff + i * size), layout.order)
                for i in range(self._phnum)
            ]
        return self._segments

    def section(self, name: str) -> Section | None:
        return next((section for section in self.sections if section.name == name), None)

    def data(self, section: Section) -> bytes:
        """A section's contents, unpacked where they are compressed. Raises ElfError."""
        if section.kind == NOBITS:
            return b""
        found = self.bytes_at(section.offset, section.size)
        return self._inflate(found) if section.flags & _COMPRESSED else found

    def bytes_at(self, offset: int, size: int) -> bytes:
        """Bytes of the file. Raises ElfError where it has none."""
        start = self.start + offset
        found = self._image[start : start + size]
        if len(found) != size:
            raise self.damaged()
        return found

    def offset_of(self, address: int) -> int | None:
        """Where in the file the byte of that address lies."""
        for segment in self.segments:
            if segment.kind == LOAD and 0 <= address - segment.address < segment.file_size:
                return address - segment.address + segment.offset
        return None

    def address_of(self, offset: int) -> int | None:
        """The address of a byte of the file, as the file counts addresses."""
        for segment in self.segments:
            if segment.kind == LOAD and 0 <= offset - segment.offset < segment.file_size:
                return offset - segment.offset + segment.address
        return None

    @property
    def build_id(self) -> str:
        """What the linker called the file, in hexadecimal digits; "" if it did not."""
        for name, kind, contents in self.notes():
            if (name, kind) == _GNU_BUILD_ID:
                return contents.hex()
        return ""

    def notes(self, section: str = "") -> Iterator[tuple[bytes, int, bytes]]:
        """(name with its NUL, type, contents) of all notes, or of those of one section."""
        if section:
            parts = [self.data(s) for s in self.sections if s.name == section and s.kind == NOTE]
        else:
            segments = (s for s in self.segments if s.kind == _PT_NOTE)
            parts = [self.bytes_at(s.offset, s.file_size) for s in segments]
            parts = parts or [self.data(s) for s in self.sections if s.kind == NOTE]
        for part in parts:
            yield from _notes(part)

    def stream(self) -> mmap.mmap | BinaryIO:
        """The image, to be read as a file."""
        if isinstance(self._image, mmap.mmap) and not self.start:
            return self._image
        import io

        return io.BytesIO(self._image[self.start :])

    def damaged(self) -> ElfError:
        return ElfError(f"{self.path} is truncated or damaged")

    def _read_sections(self) -> Iterator[Section]:
        if not self._shoff:
            return
        headers = [
            self._unpack(self._layout.section, self._shoff + i * self._shentsize)
            for i in range(self._shnum)
        ]
        if self._shstrndx >= len(headers):
            raise self.damaged()
        names = self.bytes_at(*headers[self._shstrndx][4:6])
        for header in headers:
            yield Section(text_at(names, header[0]), header)

    def _unpack(self, layout: struct.Struct, offset: int) -> tuple[int, ...]:
        try:
            return layout.unpack_from(self._image, self.start + offset)
        except struct.error:
            raise self.damaged() from None

    def _inflate(self, packed: bytes) -> bytes:
        import zlib

        kind = int.from_bytes(packed[:4], "little")
        if kind != _ZLIB:
            raise ElfError(f"{self.path} has a section that is compressed in another way than zlib")
        try:
            return zlib.decompress(packed[24 if self.bits == 64 else 12 :])
        except zlib.error:
            raise self.damaged() from None


def open_elf(path: str, start: int = 0) -> ElfFile:
    """Map an ELF file, or one that begins in the middle of another. Raises ElfError, OSError."""
    with open(path, "rb") as file:
        if not os.fstat(file.fileno()).st_size:
            raise ElfError(f"{path} is not an ELF file")
        image = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    try:
        return ElfFile(path, image, start)
    except ElfError:
        image.close()
        raise


def text_at(strings: bytes, offset: int) -> str:
    """A string of a string table; "" where there is none."""
    end = strings.find(b"\0", offset)
    return strings[offset:end].decode("utf-8", "surrogateescape") if end >= 0 else ""


def _notes(data: bytes) -> Iterator[tuple[bytes, int, bytes]]:
    at = 0
    while at + 12 <= len(data):
        name_size, size, kind = struct.unpack_from("<III", data, at)
        name = at + 12
        contents = name + -(-name_size // 4) * 4
        at = contents + -(-size // 4) * 4
        if contents + size <= len(data):
            yield data[name : name + name_size], kind, data[contents : contents + size]
