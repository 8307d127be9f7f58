"""The object file, before libbpf sees it: its ELF sections, symbols and metadata.

Only what the loader itself needs, by struct alone; every offset is checked, since the file may be
anything. ELF: include/uapi/linux/elf.h.
"""

from __future__ import annotations

import os
import struct

from aotrace.loader.errors import ObjectError
from aotrace.runtime import metadata

_HEADER = struct.Struct("<4sBBB9xHHIQQQIHHHHHH")
_SECTION = struct.Struct("<IIQQQQIIQQ")
_SYMBOL = struct.Struct("<IBBHQQ")
_CLASS64, _LITTLE, _RELOCATABLE, _EM_BPF = 2, 1, 1, 247
_SYMTAB, _NOBITS = 2, 8
#: What comes of reading where nothing is.
_DAMAGE = (struct.error, IndexError, ValueError, OverflowError)
_HINT = "objects are made by `aotracec build`"


class ObjectFile:
    """An ELF image of a BPF object. Raises ObjectError when it is none, or cut off."""

    def __init__(self, path: str, image: bytes) -> None:
        self.path = path
        self.image = image
        try:
            self._sections = self._read_sections()
        except _DAMAGE:
            raise self._damaged() from None

    @property
    def name(self) -> str:
        """What maps and programs are called after in the kernel."""
        base = os.path.basename(self.path).split(".")[0]
        return "".join(c if c.isalnum() else "_" for c in base) or "object"

    def section(self, name: str) -> bytes | None:
        """A section's bytes; none of one that only reserves room. Raises ObjectError."""
        found = next((header for label, header in self._sections if label == name), None)
        try:
            return self._bytes(found) if found else None
        except _DAMAGE:
            raise self._damaged() from None

    def symbol(self, name: str) -> tuple[str, int] | None:
        """(section, offset) of a symbol; None when it is not there. Raises ObjectError."""
        try:
            return self._find_symbol(name)
        except _DAMAGE:
            raise self._damaged() from None

    def _find_symbol(self, name: str) -> tuple[str, int] | None:
        for _, section in self._sections:
            if section[1] != _SYMTAB:
                continue
            strings = self._bytes(self._sections[section[6]][1])
            for label, _, _, index, value, _ in _SYMBOL.iter_unpack(self._bytes(section)):
                if _text(strings, label) == name and 0 < index < len(self._sections):
                    return self._sections[index][0], value
        return None

    def metadata(self) -> metadata.Metadata:
        """The .aotrace section, read. Raises ObjectError."""
        section = self.section(metadata.SECTION)
        if section is None:
            raise ObjectError(
                f"{self.path} was not made by aotracec: it has no {metadata.SECTION} section", _HINT
            )
        try:
            return metadata.load(section)
        except metadata.NewerError as error:
            raise ObjectError(f"{self.path}: {error}", "install a newer aotrace here") from None
        except metadata.MetadataError as error:
            raise ObjectError(f"{self.path}: {error}", _HINT) from None

    def _read_sections(self) -> list[tuple[str, tuple[int, ...]]]:
        """(name, header) of each section, in the order of the file (the first one is empty)."""
        (
            magic, width, order, _, kind, machine, _, _, _, start, _, _, _, _, size, count, strings,
        ) = _HEADER.unpack_from(self.image)  # fmt: skip
        if magic != b"\x7fELF" or (width, order) != (_CLASS64, _LITTLE) or machine != _EM_BPF:
            raise ObjectError(f"{self.path} is not a BPF object", _HINT)
        if kind != _RELOCATABLE or size != _SECTION.size:
            raise ObjectError(f"{self.path} is not a BPF object that can be loaded", _HINT)
        headers = [_SECTION.unpack_from(self.image, start + i * size) for i in range(count)]
        names = self._bytes(headers[strings])
        return [(_text(names, header[0]), header) for header in headers]

    def _damaged(self) -> ObjectError:
        return ObjectError(f"{self.path} is truncated or damaged", _HINT)

    def _bytes(self, header: tuple[int, ...]) -> bytes:
        kind, start, size = header[1], header[4], header[5]
        if kind == _NOBITS:
            return b""
        if start + size > len(self.image):
            raise struct.error("section beyond the end of the file")
        return self.image[start : start + size]


def _text(strings: bytes, offset: int) -> str:
    return strings[offset : strings.index(b"\0", offset)].decode("utf-8", "replace")


def read(path: str) -> ObjectFile:
    """Read an object file. Raises ObjectError."""
    try:
        with open(path, "rb") as file:
            image = file.read()
    except OSError as error:
        raise ObjectError(f"cannot read {path}: {error.strerror}") from None
    return ObjectFile(path, image)
