"""Adding types to the BTF that LLVM wrote.

The new types follow LLVM's, so that nothing in its BTF has to be understood or renumbered.
Encoding: kernel Documentation/bpf/btf.rst.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable

from aotrace.compiler.kernel.btf_kinds import BtfKind
from aotrace.compiler.kernel.btf_sections import KIND_MASK, MAGIC, VLEN_MASK, split_sections

_HEADER = struct.Struct("<HBBIIIII")
_TYPE = struct.Struct("<III")
_INT_FLAGS = {"": 0, "char": 2, "bool": 4}
_SIGNED = 1


class BtfAppender:
    """BTF to which types and strings are added; `add_*` return the new type's id."""

    def __init__(self, raw: bytes) -> None:
        sections = split_sections(raw, is_split=False)
        self._types = bytearray(raw[sections.types.start : sections.types.stop])
        self._strings = bytearray(raw[sections.strings.start : sections.strings.stop])
        self._count = len(sections.starts)
        self._offsets = {"": 0}
        self._drop_empty_sections([4 * word for word in sections.starts])

    def _drop_empty_sections(self, starts: Iterable[int]) -> None:
        """Make of a DATASEC without variables an unused `void *`, so that all ids stay.

        LLVM writes one for a .rodata of nameless constants; the kernel refuses it, and with it
        the whole BTF, before 5.13 (btf_datasec_check_meta).
        """
        for start in starts:
            _, info, _ = _TYPE.unpack_from(self._types, start)
            if info >> 24 & KIND_MASK == BtfKind.DATASEC and not info & VLEN_MASK:
                _TYPE.pack_into(self._types, start, 0, BtfKind.PTR << 24, 0)

    def string(self, text: str) -> int:
        """The offset of a string, added if need be."""
        offset = self._offsets.get(text)
        if offset is None:
            wanted = text.encode() + b"\0"
            offset = self._strings.find(b"\0" + wanted) + 1
            if not offset:
                offset = len(self._strings)
                self._strings += wanted
            self._offsets[text] = offset
        return offset

    def add_int(self, name: str, size: int, signed: bool, encoding: str) -> int:
        """`encoding` as btf_types.Int has it: '', 'char' or 'bool'."""
        flags = _INT_FLAGS[encoding] | (_SIGNED if signed else 0)
        return self._add(BtfKind.INT, name, size, [flags << 24 | size * 8])

    def add_float(self, name: str, size: int) -> int:
        return self._add(BtfKind.FLOAT, name, size)

    def add_pointer(self, target: int) -> int:
        return self._add(BtfKind.PTR, "", target)

    def add_typedef(self, name: str, target: int) -> int:
        return self._add(BtfKind.TYPEDEF, name, target)

    def add_array(self, element: int, index: int, count: int) -> int:
        return self._add(BtfKind.ARRAY, "", 0, [element, index, count])

    def add_struct(
        self, name: str, size: int, is_union: bool, members: list[tuple[str, int, int, int]]
    ) -> int:
        """Members: (name, type id, bit offset, bits of a bitfield or 0), by rising offset."""
        kind = BtfKind.UNION if is_union else BtfKind.STRUCT
        bitfields = any(bits for *_, bits in members)
        words = [
            word
            for member, type_id, offset, bits in members
            for word in (self.string(member), type_id, bits << 24 | offset)
        ]
        return self._add(kind, name, size, words, len(members), bitfields)

    def add_enum(self, name: str, size: int, signed: bool, values: list[tuple[str, int]]) -> int:
        """An enum; wider than 4 bytes it is an ENUM64."""
        if size > 4:
            words = [
                word
                for text, value in values
                for word in (self.string(text), value & 0xFFFFFFFF, value >> 32 & 0xFFFFFFFF)
            ]
            return self._add(BtfKind.ENUM64, name, size, words, len(values), signed)
        words = [w for text, value in values for w in (self.string(text), value & 0xFFFFFFFF)]
        return self._add(BtfKind.ENUM, name, size, words, len(values), signed)

    def raw(self) -> bytes:
        types, strings = len(self._types), len(self._strings)
        header = _HEADER.pack(MAGIC, 1, 0, _HEADER.size, 0, types, types, strings)
        return header + self._types + self._strings

    def _add(
        self,
        kind: BtfKind,
        name: str,
        value: int,
        words: Iterable[int] = (),
        count: int = 0,
        flag: bool = False,
    ) -> int:
        info = flag << 31 | kind << 24 | count
        self._types += _TYPE.pack(self.string(name), info, value)
        self._types += b"".join(word.to_bytes(4, "little") for word in words)
        self._count += 1
        return self._count
