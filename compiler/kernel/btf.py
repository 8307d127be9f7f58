"""BTF, the kernel's own type information, as a lazy index: no type is decoded unasked.

Names are found by bytes.find over the string section and over the type words, which costs a
few milliseconds where decoding all 126,000 types of a kernel would cost 300.
"""

from __future__ import annotations

import struct
from bisect import bisect_right
from collections.abc import Iterator
from itertools import compress, count
from pathlib import Path
from typing import BinaryIO

from .btf_decode import RawType, decode
from .btf_kinds import BtfKind
from .btf_sections import KIND_MASK, VLEN_MASK, BtfSections, split_sections
from .btf_types import Array, BtfType, Enum, EnumValue, Modifier, Ptr, Typedef, Var, Void
from .elf_section import ELF_MAGIC, read_sections
from .errors import KernelDataError

POINTER_SIZE = 8  # bytes; BPF programs see 64-bit kernels only
_MAX_DEPTH = 64  # a longer chain of typedefs and arrays is a cycle (libbpf allows 32)
_ENUM_WORDS: dict[int, int] = {BtfKind.ENUM: 2, BtfKind.ENUM64: 3}
_VOID = Void()


class Btf:
    """The types of one kernel, or of one module on top of its kernel's (`base`)."""

    #: whether the target has types of these names too, so that accesses can be fitted to it
    relocatable = True

    def __init__(self, sections: BtfSections, base: Btf | None = None) -> None:
        self.base = base
        self._sections = sections
        self._decoded: dict[int, BtfType] = {0: _VOID}
        self._first_id = base.type_count if base else 1
        self._first_string: int = base._string_end if base else 0
        self._string_end: int = self._first_string + len(sections.strings)

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
        magic = file.read(4)
        file.seek(0)
        if magic != ELF_MAGIC:
            return cls.parse(_expect_raw(file.read()), base)
        sections = read_sections(file, (".BTF", ".BTF.base"))
        if ".BTF" not in sections:
            raise KernelDataError(
                "this ELF file has no .BTF section",
                "the kernel must be built with CONFIG_DEBUG_INFO_BTF=y",
            )
        if ".BTF.base" in sections:
            # A module built out of tree brings along the kernel types that it counts on.
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

    def owner(self, type_id: int) -> Btf:
        """The one of this BTF and its bases that holds the type."""
        return self.base.owner(type_id) if self.base and type_id < self._first_id else self

    def find(self, kind: int, name: str) -> int | None:
        """Id of the first type of that kind and name, the base's before a module's own."""
        found = self.base.find(kind, name) if self.base else None
        if found is not None:
            return found
        for index, word in self._words_of(name):
            if word == 0 and self._kind(index) == kind:
                return self._first_id + index
        return None

    def find_enumerator(self, name: str) -> EnumValue | None:
        """The first enumerator of that name in any enum, anonymous ones included."""
        found = self.base.find_enumerator(name) if self.base else None
        if found is not None:
            return found
        for index, word in self._words_of(name):
            words_each = _ENUM_WORDS.get(self._kind(index))
            if words_each and word >= 3 and (word - 3) % words_each == 0:
                return self._enum_value(self._first_id + index, (word - 3) // words_each)
        return None

    def find_pointing(self, kind: int, target: int) -> int | None:
        """Id of the pointer to, or qualifier of, the type `target` (kinds without a name)."""
        found = self.base.find_pointing(kind, target) if self.base else None
        if found is not None:
            return found
        data, bounds, starts = self._sections.data, self._sections.types, self._sections.starts
        for at in _finds(data, struct.pack("<III", 0, kind << 24, target), bounds):
            index = bisect_right(starts, (at - bounds.start) // 4) - 1
            if starts[index] * 4 == at - bounds.start:
                return self._first_id + index
        return None

    def find_prefixes(self, *wanted: tuple[int, str]) -> list[list[tuple[int, str]]]:
        """For each (kind, prefix): (id, name) of the types whose name begins so, in order of ids.

        One walk over all types serves all the prefixes, which takes some 10 ms.
        """
        found = self.base.find_prefixes(*wanted) if self.base else [[] for _ in wanted]
        offsets = [set(self._string_offsets(_encode(prefix))) for _, prefix in wanted]
        naming = map(self._sections.words.__getitem__, self._sections.starts)
        hits = compress(count(), map(set().union(*offsets).__contains__, naming))
        for index in hits:
            name_offset = self._sections.words[self._sections.starts[index]]
            for (kind, _), those, result in zip(wanted, offsets, found):
                if self._kind(index) == kind and name_offset in those:
                    result.append((self._first_id + index, self._name_at(name_offset)))
        return found

    def names(self, kind: int) -> Iterator[str]:
        """Names of all types of that kind, in order of definition; anonymous ones left out."""
        if self.base:
            yield from self.base.names(kind)
        words = self._sections.words
        for start in self._sections.starts:
            if words[start + 1] >> 24 & KIND_MASK == kind and words[start]:
                yield self._name_at(words[start])

    def named(self, kind: int) -> Iterator[tuple[str, int]]:
        """(name, id) of all types of that kind, in order; none of the base's."""
        for index in range(len(self._sections.starts)):
            if self._kind(index) == kind:
                yield self._name_of(index), self._first_id + index

    def type(self, type_id: int) -> BtfType:
        """The decoded type; KernelDataError for an id that this BTF does not have."""
        decoded = self._decoded.get(type_id)
        if decoded is None:
            decoded = self._decoded[type_id] = self._decode(type_id)
        return decoded

    def parameter_types(self, proto_id: int) -> tuple[int, ...]:
        """Type ids of a prototype's parameters: its record without the names, much faster."""
        if self.base and proto_id < self._first_id:
            return self.base.parameter_types(proto_id)
        index = proto_id - self._first_id
        if not 0 <= index < len(self._sections.starts) or self._kind(index) != BtfKind.FUNC_PROTO:
            raise KernelDataError(f"malformed BTF: type {proto_id} is not a prototype")
        words, start = self._sections.words, self._sections.starts[index]
        params = (words[start + 1] & VLEN_MASK) * 2
        return tuple(words[start + 4 : start + 3 + params : 2])

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
        elements = 1
        for _ in range(_MAX_DEPTH):
            found = self.resolve(type_id)
            if isinstance(found, Array):
                elements *= found.count
                type_id = found.elem
            elif isinstance(found, Var):
                type_id = found.target
            else:
                return elements * _own_size(found)
        raise KernelDataError(f"malformed BTF: type {type_id} contains itself")

    def _kind(self, index: int) -> int:
        return self._sections.words[self._sections.starts[index] + 1] >> 24 & KIND_MASK

    def _name_of(self, index: int) -> str:
        return self._name_at(self._sections.words[self._sections.starts[index]])

    def _string_offsets(self, text: bytes) -> Iterator[int]:
        """Offsets of the strings that begin with `text`, which may include their final NUL."""
        if self.base:
            yield from self.base._string_offsets(text)
        data, bounds = self._sections.data, self._sections.strings
        if data.startswith(text, bounds.start):
            yield self._first_string
        for at in _finds(data, b"\0" + text, bounds):
            yield self._first_string + at + 1 - bounds.start

    def _words_of(self, name: str) -> Iterator[tuple[int, int]]:
        """Where the types' words hold the string offset of `name`: (type index, word in it)."""
        if not name or "\0" in name:
            return
        data, bounds, starts = self._sections.data, self._sections.types, self._sections.starts
        for offset in self._string_offsets(_encode(name) + b"\0"):
            for at in _finds(data, struct.pack("<I", offset), bounds):
                word, misaligned = divmod(at - bounds.start, 4)
                if not misaligned:
                    index = bisect_right(starts, word) - 1
                    yield index, word - starts[index]

    def _name_at(self, offset: int) -> str:
        if self.base and offset < self._first_string:
            return self.base._name_at(offset)
        if offset >= self._string_end:
            raise KernelDataError(f"malformed BTF: there is no name at offset {offset}")
        data = self._sections.data
        start = self._sections.strings.start + offset - self._first_string
        try:
            return data[start : data.index(b"\0", start)].decode()
        except UnicodeDecodeError:
            raise KernelDataError(f"malformed BTF: the name at {offset} is not UTF-8") from None

    def _decode(self, type_id: int) -> BtfType:
        if self.base and type_id < self._first_id:
            return self.base.type(type_id)
        index = type_id - self._first_id
        starts, words = self._sections.starts, self._sections.words
        if not 0 <= index < len(starts):
            raise KernelDataError(f"malformed BTF: there is no type {type_id}")
        start = starts[index]
        end = starts[index + 1] if index + 1 < len(starts) else len(words)
        name, info, value = words[start : start + 3]
        kind, flag, vlen = info >> 24 & KIND_MASK, bool(info >> 31), info & VLEN_MASK
        text = self._name_at(name) if name else ""
        body = words[start + 3 : end]
        return decode(RawType(type_id, text, kind, flag, vlen, value, body, self._name_at))

    def _enum_value(self, enum_id: int, index: int) -> EnumValue:
        enum = self.type(enum_id)
        assert isinstance(enum, Enum)
        found = enum.values[index]
        return EnumValue(found.name, enum_id, enum.name or None, index, found.value, enum.signed)


def _encode(name: str) -> bytes:
    return name.encode(errors="backslashreplace")


def _finds(data: bytes, pattern: bytes, bounds: range) -> Iterator[int]:
    at = data.find(pattern, bounds.start, bounds.stop)
    while at >= 0:
        yield at
        at = data.find(pattern, at + 1, bounds.stop)


def _own_size(found: BtfType) -> int:
    size = POINTER_SIZE if isinstance(found, Ptr) else getattr(found, "size", None)
    if size is None:
        raise KernelDataError(f"the type {found.name or found.id!r} has no size")
    return int(size)


def _expect_raw(data: bytes) -> bytes:
    """`data` if it may be raw BTF, else advice about what people give instead."""
    if data[:2] in (b"\x9f\xeb", b"\xeb\x9f"):
        return data
    raise KernelDataError(
        "neither raw BTF nor an ELF file",
        "give /sys/kernel/btf/vmlinux, a copy of it, or an uncompressed vmlinux or module"
        " (scripts/extract-vmlinux of the kernel's source unpacks a vmlinuz)",
    )
