"""A small BTF writer: C declarations in, raw BTF bytes out, for hand-made kernels in tests.

Structs are laid out as C lays them out on a 64-bit machine, bitfields included. A type is named
in C ("const char *", "struct sock", "u32"); a pointer may name a struct that is defined later.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Union

from aotrace.compiler.kernel.btf_kinds import BtfKind

_DECLARATION = re.compile(
    r"(?P<type>[\w ]*?\w)(?P<stars>[ *]*)\b(?P<name>\w+)(?P<dims>(?:\[\d*\])*)(?::(?P<bits>\d+))?"
)
_POINTED = re.compile(r"(?P<type>[\w ]*?\w)\s*(?P<stars>[ *]*)")
_TAGGED = {"struct": BtfKind.STRUCT, "union": BtfKind.UNION, "enum": BtfKind.ENUM}
_QUALIFIERS = {
    "const": BtfKind.CONST,
    "volatile": BtfKind.VOLATILE,
    "restrict": BtfKind.RESTRICT,
}
_INT_FLAGS = {"": 0, "signed": 1, "char": 2, "bool": 4}
_C_INTS = {
    "unsigned long": "long unsigned int",
    "unsigned long long": "long long unsigned int",
    "long": "long int",
    "long long": "long long int",
    "short": "short int",
    "unsigned short": "short unsigned int",
    "unsigned": "unsigned int",
    "bool": "_Bool",
}


@dataclass
class _Type:
    kind: int
    name: str
    value: int | str  # a str names a type that may come later: "struct sock"
    words: list[int] = field(default_factory=list)
    vlen: int = 0
    flag: bool = False


# "struct sock *sk"; a name with the id of an unnamed type; or that id alone: an anonymous member
Declaration = Union[str, tuple[str, int], int]


class BtfWriter:
    """Collects types and writes them; each method returns the new type's id.

    With `base`, what is written is the split BTF of a module on top of that writer's kernel.
    """

    def __init__(self, base: BtfWriter | None = None) -> None:
        self.base = base
        self.first_id: int = base.first_id + len(base.types) if base else 1
        self.first_string: int = base.first_string + len(base.strings) if base else 0
        self.types: list[_Type] = []
        self.strings: bytes = b"" if base else b"\0"
        self._offsets: dict[str, int] = {"": 0}
        self._named: dict[tuple[int, str], int] = {}
        self._derived: dict[tuple[object, ...], int] = {}

    def integer(self, name: str, size: int, flag: str = "") -> int:
        """`flag`: '' for unsigned, 'signed', 'char' or 'bool'."""
        return self._add(_Type(BtfKind.INT, name, size, [_INT_FLAGS[flag] << 24 | size * 8]))

    def floating(self, name: str, size: int) -> int:
        return self._add(_Type(BtfKind.FLOAT, name, size))

    def typedef(self, name: str, target: str | int) -> int:
        return self._add(_Type(BtfKind.TYPEDEF, name, self.id_of(target)))

    def fwd(self, name: str, *, is_union: bool = False) -> int:
        return self._add(_Type(BtfKind.FWD, name, 0, flag=is_union))

    def struct(self, name: str, *members: Declaration, size: int = 0) -> int:
        """A struct; `size` pads it to more than its members take."""
        return self._composite(BtfKind.STRUCT, name, members, size)

    def union(self, name: str, *members: Declaration) -> int:
        return self._composite(BtfKind.UNION, name, members, 0)

    def enum(self, name: str, values: dict[str, int], *, signed: bool = False) -> int:
        words = [word for n, v in values.items() for word in (self.string(n), v & 0xFFFFFFFF)]
        return self._add(_Type(BtfKind.ENUM, name, 4, words, len(values), signed))

    def enum64(self, name: str, values: dict[str, int], *, signed: bool = False) -> int:
        words = [
            word
            for n, v in values.items()
            for word in (self.string(n), v & 0xFFFFFFFF, v >> 32 & 0xFFFFFFFF)
        ]
        return self._add(_Type(BtfKind.ENUM64, name, 8, words, len(values), signed))

    def proto(self, ret: str | int, *params: str, named: bool = True) -> int:
        """A prototype; `params` are declarations, or "..." last; `named` keeps their names."""
        parsed = [(0, 0) if param == "..." else self._param(param) for param in params]
        words = [word for name, type_id in parsed for word in (name if named else 0, type_id)]
        return self._add(_Type(BtfKind.FUNC_PROTO, "", self.id_of(ret), words, len(params)))

    def func(self, name: str, ret: str | int, *params: str, linkage: int = 1) -> int:
        proto = self.proto(ret, *params)
        return self._add(_Type(BtfKind.FUNC, name, proto, vlen=linkage))

    def var(self, name: str, target: str | int) -> int:
        return self._add(_Type(BtfKind.VAR, name, self.id_of(target), [1]))

    def datasec(self, name: str, size: int, *entries: tuple[int, int, int]) -> int:
        words = [word for entry in entries for word in entry]
        return self._add(_Type(BtfKind.DATASEC, name, size, words, len(entries)))

    def decl_tag(self, name: str, target: int, component: int = -1) -> int:
        return self._add(_Type(BtfKind.DECL_TAG, name, target, [component & 0xFFFFFFFF]))

    def type_tag(self, name: str, target: str | int) -> int:
        return self._add(_Type(BtfKind.TYPE_TAG, name, self.id_of(target)))

    def ptr(self, target: str | int) -> int:
        return self._derive(("ptr", target), lambda: _Type(BtfKind.PTR, "", target))

    def array(self, elem: int, count: int) -> int:
        return self._derive(
            ("array", elem, count),
            lambda: _Type(BtfKind.ARRAY, "", 0, [elem, self.id_of("unsigned int"), count]),
        )

    def id_of(self, text: str | int) -> int:
        """The id of a type written in C: 'u32', 'struct sock', 'const char *', 'void'."""
        if not isinstance(text, str):
            return text
        match = _POINTED.fullmatch(text.strip())
        assert match, text
        return self._pointers(match["type"], match["stars"].count("*"))

    def string(self, text: str) -> int:
        """Offset of `text` in the string section; each string is kept once."""
        known = self.base._offsets.get(text) if self.base else None
        if known is not None:
            return known
        if text not in self._offsets:
            self._offsets[text] = self.first_string + len(self.strings)
            self.strings += text.encode() + b"\0"
        return self._offsets[text]

    def build(self) -> bytes:
        """The raw BTF: header, types, strings."""
        types = b"".join(self._encode(each) for each in self.types)
        return (
            struct.pack("<HBBIIIII", 0xEB9F, 1, 0, 24, 0, len(types), len(types), len(self.strings))
            + types
            + self.strings
        )

    def _encode(self, each: _Type) -> bytes:
        info = each.flag << 31 | each.kind << 24 | each.vlen
        words = [self.string(each.name), info, self.id_of(each.value), *each.words]
        return struct.pack(f"<{len(words)}I", *words)

    def _add(self, new: _Type) -> int:
        new_id = self.first_id + len(self.types)
        self.string(new.name)
        self.types.append(new)
        if new.name:
            self._named.setdefault((new.kind, new.name), new_id)
        return new_id

    def _derive(self, key: tuple[object, ...], make: Callable[[], _Type]) -> int:
        if key not in self._derived:
            self._derived[key] = self._add(make())
        return self._derived[key]

    def _pointers(self, base: str, stars: int) -> int:
        if not stars:
            return self._plain(base)
        # The innermost target stays a name, so that it may be defined later.
        found = self.ptr(base if base.split()[0] in _TAGGED else self._plain(base))
        for _ in range(stars - 1):
            found = self.ptr(found)
        return found

    def _plain(self, text: str) -> int:
        first, _, rest = text.partition(" ")
        if first in _QUALIFIERS:
            kind = _QUALIFIERS[first]
            target = rest if rest.split()[0] in _TAGGED else self._plain(rest)
            return self._derive((kind, target), lambda: _Type(kind, "", target))
        if first in _TAGGED:
            return self._lookup((_TAGGED[first],), rest)
        return 0 if text == "void" else self._lookup((BtfKind.TYPEDEF, BtfKind.INT), text)

    def _lookup(self, kinds: tuple[int, ...], name: str) -> int:
        for each in (name, _C_INTS.get(name, name)):
            for kind in kinds:
                if (kind, each) in self._named:
                    return self._named[kind, each]
        if self.base:
            return self.base._lookup(kinds, name)
        raise KeyError(f"no type {name!r} of kind {kinds} was written")

    def _type(self, type_id: int) -> _Type:
        if self.base and type_id < self.first_id:
            return self.base._type(type_id)
        return self.types[type_id - self.first_id]

    def _param(self, text: str) -> tuple[int, int]:
        match = _DECLARATION.fullmatch(text)
        assert match, text
        type_id = self._pointers(match["type"], match["stars"].count("*"))
        return self.string(match["name"]), type_id

    def _member(self, declaration: Declaration) -> tuple[str, int, int]:
        """Name, type and number of bits (0: no bitfield) of one member."""
        if isinstance(declaration, int):
            return "", declaration, 0
        if isinstance(declaration, tuple):
            return *declaration, 0
        match = _DECLARATION.fullmatch(declaration)
        assert match, declaration
        type_id = self._pointers(match["type"], match["stars"].count("*"))
        for count in reversed(re.findall(r"\[(\d*)\]", match["dims"])):
            type_id = self.array(type_id, int(count or 0))
        return match["name"], type_id, int(match["bits"] or 0)

    def _composite(
        self, kind: BtfKind, name: str, members: tuple[Declaration, ...], size: int
    ) -> int:
        parsed = [self._member(each) for each in members]
        has_bitfields = any(bits for _, _, bits in parsed)
        words: list[int] = []
        at, widest, largest = 0, 1, 0
        for member_name, type_id, bits in parsed:
            width, align = self._size(type_id) * 8, self._align(type_id) * 8
            at = 0 if kind == BtfKind.UNION else at
            fits = bits and at // width == (at + bits - 1) // width
            at = at if fits else -(-at // align) * align
            words += [self.string(member_name), type_id, at | bits << 24 if has_bitfields else at]
            at += bits or width
            widest, largest = max(widest, align // 8), max(largest, at)
        whole = -(-largest // (8 * widest)) * widest
        return self._add(
            _Type(kind, name, max(size, whole), words, len(members), flag=has_bitfields)
        )

    def _size(self, type_id: int) -> int:
        found = self._type(type_id)
        if found.kind == BtfKind.PTR:
            return 8
        if found.kind == BtfKind.ARRAY:
            return self._size(found.words[0]) * found.words[2]
        if found.kind in (BtfKind.TYPEDEF, BtfKind.TYPE_TAG, *_QUALIFIERS.values()):
            return self._size(self.id_of(found.value))
        assert isinstance(found.value, int)
        return found.value

    def _align(self, type_id: int) -> int:
        found = self._type(type_id)
        if found.kind == BtfKind.ARRAY:
            return self._align(found.words[0])
        if found.kind in (BtfKind.STRUCT, BtfKind.UNION):
            return max((self._align(t) for t in found.words[1::3]), default=1)
        if found.kind in (BtfKind.TYPEDEF, BtfKind.TYPE_TAG, *_QUALIFIERS.values()):
            return self._align(self.id_of(found.value))
        return min(self._size(type_id), 8)
