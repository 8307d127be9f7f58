"""BTF (the kernel's own type information) as a lazy index: nothing is decoded before it is asked for.

Names are found by bytes.find over the string section and over the type words, which costs a
few milliseconds where decoding all 126,000 types of a kernel would cost 300.
"""

from __future__ import annotations

import re
import struct
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from functools import cached_property
from pathlib import Path
from typing import BinaryIO

from .btf_decode import RawType, decode
from .btf_kinds import BtfKind
from .btf_sections import KIND_MASK, VLEN_MASK, BtfSections, split_sections
from .btf_types import (
    Array,
    BtfType,
    Enum,
    EnumValue,
    Modifier,
    Ptr,
    Typedef,
    Var,
    Void,
)
from .elf_section import ELF_MAGIC, read_sections
from .errors import KernelDataError

POINTER_SIZE = 8  # bytes; only 64-bit kernels run BPF programs worth tracing with
_MAX_DEPTH = 64  # a longer chain of typedefs and arrays is a cycle (libbpf allows 32)
_ENUM_WORDS: dict[int, int] = {BtfKind.ENUM: 2, BtfKind.ENUM64: 3}
_VOID = Void()


class Btf:
    """The types of one kernel, or of one module on top of its kernel's (`base`)."""

    def __init__(self, sections: BtfSections, base: Btf | None = None) -> None:
        self._sections = sections
        self._decoded: dict[int, BtfType] = {}
        self.base = base
        self._first_id = base.type_count if base else 1
        self._first_string: int = base._string_end if base else 0
        self._string_end: int = self._first_string + len(sections.strings) - 1

    @classmethod
    def open(cls, path: Path, base: Btf | None = None) -> Btf:
        """Read raw BTF, or the .BTF section of an ELF file (vmlinux, .ko, .o).

        Raises KernelDataError that names the file, for every way in which it cannot be used.
        """
        try:
            with path.open("rb") as file:
                return cls._read(file, base)
        except OSError as error:
            raise KernelDataError(f"{path}: {error.strerror or error}") from None
        except KernelDataError as error:
            raise error.within(path) from None

    @classmethod
    def _read(cls, file: BinaryIO, base: Btf | None) -> Btf:
        start = file.read(4)
        if start != ELF_MAGIC:
            return cls.parse(_expect_raw(start + file.read()), base)
        sections = read_sections(file, (".BTF", ".BTF.base"))
        if ".BTF" not in sections:
            raise KernelDataError(
                "this ELF file has no .BTF section",
                "the kernel must be built with CONFIG_DEBUG_INFO_BTF=y",
            )
        if ".BTF.base" in sections:
            # A module built out of tree brings the names of the kernel types that it counts on.
            base = cls.parse(sections[".BTF.base"])
        return cls.parse(sections[".BTF"], base)

    @classmethod
    def parse(cls, data: bytes, base: Btf | None = None) -> Btf:
        """Index BTF held in memory; with `base`, as the split BTF of a module."""
        return cls(split_sections(data, is_split=base is not None), base)

    @property
    def type_count(self) -> int:
        """Number of type ids, void and those of the base included: ids are below it."""
        return self._first_id + len(self._sections.starts)

    def find(self, kind: int, name: str) -> int | None:
        """Id of the first type of that kind and name, the base's before a module's own."""
        if self.base:
            found = self.base.find(kind, name)
            if found is not None:
                return found
        owned = (i for i, _ in self._naming_words(name) if self._kind(i) == kind)
        return next((self._first_id + index for index in owned), None)

    def find_enumerator(self, name: str) -> EnumValue | None:
        """The first enumerator of that name in any enum, anonymous ones included."""
        if self.base:
            found = self.base.find_enumerator(name)
            if found is not None:
                return found
        for index, word in self._words_of(name):
            position, rest = divmod(
                word - 3, _ENUM_WORDS.get(self._kind(index), 1 << 30)
            )
            if position >= 0 and rest == 0 and word >= 3:
                return self._enum_value(self._first_id + index, position)
        return None

    def find_prefix(self, kind: int, prefix: str) -> list[tuple[int, str]]:
        """(id, name) of every type of that kind whose name begins so, in order of ids."""
        names = re.finditer(
            rb"(?<=\0)" + re.escape(_encode(prefix)) + rb"[^\0]*", self._text
        )
        wanted = {self._first_string + match.start() - 1 for match in names}
        found = self.base.find_prefix(kind, prefix) if self.base else []
        found += (
            (self._first_id + index, self._name_at(name_offset))
            for index, name_offset in enumerate(self._name_offsets)
            if name_offset in wanted and self._kind(index) == kind
        )
        return found

    def names(self, kind: int) -> Iterator[str]:
        """Names of all types of that kind, in order of definition; anonymous ones left out."""
        if self.base:
            yield from self.base.names(kind)
        for index, name_offset in enumerate(self._name_offsets):
            if name_offset and self._kind(index) == kind:
                yield self._name_at(name_offset)

    def type(self, type_id: int) -> BtfType:
        """The decoded type; KernelDataError for an id that this BTF does not have."""
        decoded = self._decoded.get(type_id)
        if decoded is None:
            decoded = self._decoded[type_id] = self._decode(type_id)
        return decoded

    def resolve(self, type_id: int) -> BtfType:
        """The type behind typedefs, const, volatile, restrict and type tags."""
        for _ in range(_MAX_DEPTH):
            found = self.type(type_id)
            if not isinstance(found, (Typedef, Modifier)):
                return found
            type_id = found.target
        raise KernelDataError(f"malformed BTF: type {type_id} refers to itself")

    def size_of(self, type_id: int) -> int:
        """Size in bytes; KernelDataError for what has none (void, functions, forward structs)."""
        count = 1
        for _ in range(_MAX_DEPTH):
            found = self.resolve(type_id)
            if isinstance(found, Ptr):
                return count * POINTER_SIZE
            if not isinstance(found, (Array, Var)):
                return count * _own_size(found)
            if isinstance(found, Array):
                count *= found.count
            type_id = found.elem if isinstance(found, Array) else found.target
        raise KernelDataError(f"malformed BTF: type {type_id} contains itself")

    @property
    def _text(self) -> bytes:
        return self._sections.strings

    @cached_property
    def _name_offsets(self) -> list[int]:
        words = self._sections.words
        return [words[start] for start in self._sections.starts]

    def _kind(self, index: int) -> int:
        return self._sections.words[self._sections.starts[index] + 1] >> 24 & KIND_MASK

    def _string_offsets(self, name: str) -> Iterator[int]:
        """Every offset at which the whole string `name` is kept, in the base's strings too."""
        if self.base:
            yield from self.base._string_offsets(name)
        if not name or "\0" in name:
            return
        pattern = b"\0" + _encode(name) + b"\0"
        at = self._text.find(pattern)
        while at >= 0:
            yield self._first_string + at
            at = self._text.find(pattern, at + 1)

    def _string_offsets_prefixed(self, prefix: str) -> Iterator[int]:
        if self.base:
            yield from self.base._string_offsets_prefixed(prefix)
        for match in re.finditer(rb"(?<=\0)" + re.escape(_encode(prefix)), self._text):
            yield self._first_string + match.start() - 1

    def _words_of(self, name: str) -> Iterator[tuple[int, int]]:
        """Where the types' words hold the string offset of `name`: (type index, word in it)."""
        types, starts = self._sections.type_bytes, self._sections.starts
        for offset in self._string_offsets(name):
            for word in _aligned_finds(types, struct.pack("<I", offset)):
                index = bisect_right(starts, word) - 1
                yield index, word - starts[index]

    def _naming_words(self, name: str) -> Iterator[tuple[int, int]]:
        return ((index, word) for index, word in self._words_of(name) if word == 0)

    def _name_at(self, offset: int) -> str:
        if self.base and offset < self._first_string:
            return self.base._name_at(offset)
        start = offset - self._first_string + 1
        end = self._text.find(b"\0", start)
        if end < 0 or start < 1:
            raise KernelDataError(f"malformed BTF: there is no name at offset {offset}")
        try:
            return self._text[start:end].decode()
        except UnicodeDecodeError:
            raise KernelDataError(
                f"malformed BTF: the name at {offset} is not UTF-8"
            ) from None

    def _decode(self, type_id: int) -> BtfType:
        if type_id == 0:
            return _VOID
        if self.base and type_id < self._first_id:
            return self.base.type(type_id)
        index = type_id - self._first_id
        starts, words = self._sections.starts, self._sections.words
        if not 0 <= index < len(starts):
            raise KernelDataError(f"malformed BTF: there is no type {type_id}")
        start = starts[index]
        end = starts[index + 1] if index + 1 < len(starts) else len(words)
        name, info, value = words[start : start + 3]
        return decode(
            RawType(
                type_id,
                self._name_at(name) if name else "",
                info >> 24 & KIND_MASK,
                bool(info >> 31),
                info & VLEN_MASK,
                value,
                words[start + 3 : end],
                self._name_at,
            )
        )

    def _enum_value(self, enum_id: int, index: int) -> EnumValue:
        enum = self.type(enum_id)
        assert isinstance(enum, Enum)
        found = enum.values[index]
        return EnumValue(
            found.name, enum_id, enum.name or None, index, found.value, enum.signed
        )


def _encode(name: str) -> bytes:
    return name.encode(errors="backslashreplace")


def _aligned_finds(haystack: bytes, word: bytes) -> Iterable[int]:
    """Word indices at which the 4 bytes of `word` stand on a word's boundary."""
    at = haystack.find(word)
    while at >= 0:
        if at % 4 == 0:
            yield at // 4
        at = haystack.find(word, at + 1)


def _own_size(found: BtfType) -> int:
    size = getattr(found, "size", None)
    if not isinstance(size, int):
        raise KernelDataError(f"type {found.name or found.id!r} has no size")
    return size


def _expect_raw(data: bytes) -> bytes:
    """`data` if it may be raw BTF, with advice for what people give instead."""
    if data[:2] in (b"\x9f\xeb", b"\xeb\x9f"):
        return data
    raise KernelDataError(
        "neither raw BTF nor an ELF file",
        "give /sys/kernel/btf/vmlinux, a copy of it, or an uncompressed vmlinux or module"
        " (scripts/extract-vmlinux of the kernel's source unpacks a vmlinuz)",
    )
