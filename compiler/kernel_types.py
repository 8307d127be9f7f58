"""The kernel's types as the language sees them, and the way to a field.

Anonymous members are looked through: a field's steps name only what has a name, which is what a
CO-RE relocation needs (libbpf finds the same name in the target's own anonymous members).

A struct's value is a copy. One of the script's own structs is copied as it is, byte for byte. One
of the kernel's may lie otherwise on the target, so that its copy is a record with a layout of our
own, in which members of a union lie side by side; each is read from where the target has it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from typing import NamedTuple

from aotrace.compiler.frozen import dataclass
from aotrace.compiler.kernel import btf_types as bt
from aotrace.compiler.kernel.btf import Btf
from aotrace.compiler.kernel.btf_kinds import BtfKind
from aotrace.compiler.types import (
    INT64,
    NONE,
    UINT8,
    UINT64,
    Array,
    Bool,
    EnumType,
    Int,
    Pointer,
    Record,
    Space,
    Str,
    Struct,
    Tuple,
    Type,
)
from aotrace.runtime import values
from aotrace.runtime.layout import place
from aotrace.runtime.values import Kind

_WIDTHS = (1, 2, 4, 8)
#: A kernel struct is copied value by value, and BPF programs end somewhere.
_MOST_VALUES = 2000


@dataclass(frozen=True)
class BtfStruct(Struct):
    """A struct whose members BTF knows, so that a value of it can be kept."""

    @property
    def kind(self) -> Kind:
        return copy_of(self).kind


class Kept(NamedTuple):
    """A member of a copy: its type, its byte offset there, its bits from there on (0: whole)."""

    type: Type
    offset: int
    first_bit: int
    bits: int


class Copy(NamedTuple):
    """A struct's copy: its members by name, and how it is stored."""

    members: dict[str, Kept]
    kind: Kind


@dataclass(frozen=True)
class FieldInfo:
    """One field: its type, its type id, whether it is a bitfield (bits > 0).

    bit_offset counts from the start of the struct that was asked, at the build host.
    """

    type: Type
    type_id: int
    bits: int
    bit_offset: int


def type_of(btf: Btf, type_id: int, space: Space = Space.KERNEL) -> Type:
    """The language's type for a BTF type; NONE for void and what has no values (functions)."""
    space = _tagged(btf, type_id, space)
    resolved = btf.resolve(type_id)
    if isinstance(resolved, bt.Int):
        return _integer(resolved)
    if isinstance(resolved, bt.Ptr):
        target_space = _tagged(btf, resolved.target, Space.KERNEL)
        return Pointer(type_of(btf, resolved.target), target_space)
    if isinstance(resolved, bt.Array):
        return _array(btf, resolved, space)
    if isinstance(resolved, bt.Struct):
        known_as = resolved.id if resolved.name else _typedef_of(btf, type_id) or resolved.id
        return BtfStruct(resolved.name, resolved.is_union, btf.owner(known_as), known_as)
    if isinstance(resolved, bt.Enum):
        values = tuple((v.name, v.value) for v in resolved.values)
        return EnumType(resolved.size, resolved.signed, name=resolved.name, enumerators=values)
    if isinstance(resolved, bt.Fwd):
        return _forward(btf, resolved)
    return NONE


def _typedef_of(btf: Btf, type_id: int) -> int:
    """The last typedef on the way to an unnamed struct: what the target knows it by; 0: none."""
    known_as = 0
    while isinstance(found := btf.type(type_id), (bt.Typedef, bt.Modifier)):
        known_as = found.id if isinstance(found, bt.Typedef) else known_as
        type_id = found.target
    return known_as


def field_of(struct: Struct, name: str) -> FieldInfo | None:
    """The field of that name, anonymous members included."""
    for member in _named_members(struct.btf, struct.type_id):
        if member.name == name:
            kind = type_of(struct.btf, member.type_id)
            return FieldInfo(kind, member.type_id, member.bit_size, member.bit_offset)
    return None


def field_names(struct: Struct) -> list[str]:
    """Names of all fields, those of anonymous members included."""
    return [member.name for member in _named_members(struct.btf, struct.type_id)]


def find_variable(btf: Btf, name: str) -> int | None:
    """The type of a variable of the kernel; BTF has those of which each CPU has its own."""
    found = btf.find(BtfKind.VAR, name)
    variable = btf.type(found) if found is not None else None
    return variable.target if isinstance(variable, bt.Var) else None


def find_struct(btf: Btf, tag: str, name: str) -> Struct | None:
    """The struct or union of that name."""
    kind = BtfKind.UNION if tag == "union" else BtfKind.STRUCT
    type_id = btf.find(kind, name)
    if type_id is None:
        return None
    return BtfStruct(name, tag == "union", btf.owner(type_id), type_id)


def find_named(btf: Btf, tag: str, name: str) -> Type | None:
    """A type by tag ("struct", "union", "enum", or "" for a typedef or integer) and name."""
    if tag in ("struct", "union"):
        return find_struct(btf, tag, name)
    kinds = (BtfKind.ENUM, BtfKind.ENUM64) if tag == "enum" else (
        BtfKind.TYPEDEF, BtfKind.INT, BtfKind.STRUCT, BtfKind.UNION, BtfKind.ENUM
    )  # fmt: skip
    for kind in kinds:
        type_id = btf.find(kind, name)
        if type_id is not None:
            return type_of(btf, type_id)
    return None


def copy_of(struct: Struct) -> Copy:
    """How a copy of a struct is laid out."""
    return _copy(struct.btf, struct.type_id)


@lru_cache(maxsize=512)
def _copy(btf: Btf, type_id: int) -> Copy:
    members = list(_named_members(btf, type_id))
    types = [type_of(btf, member.type_id) for member in members]
    kinds = [_kept_as(btf, *pair) for pair in zip(types, members, strict=True)]
    names = [member.name for member in members]
    if btf.relocatable:
        offsets = place([(kind.size, kind.align) for kind in kinds]).offsets
        parts = [(0, 0)] * len(members)
        kind: Kind = values.RecordKind(names, kinds)
    else:
        offsets = tuple(member.bit_offset // 8 for member in members)
        parts = [(m.bit_offset % 8, m.bit_size) if m.bit_size else (0, 0) for m in members]
        size = 0 if isinstance(btf.resolve(type_id), bt.Fwd) else btf.size_of(type_id)
        align = _alignment(size, kinds)
        kind = values.StructKind(names, kinds, list(offsets), list(map(list, parts)), size, align)
    kept = map(Kept, types, offsets, *zip(*parts)) if parts else ()
    return Copy(dict(zip(names, kept)), kind)


def _alignment(size: int, kinds: list[Kind]) -> int:
    """Of a struct: that of its members, unless it is packed. BTF does not say."""
    widest = max([kind.align for kind in kinds], default=1)
    return widest if size % widest == 0 else 1


def _kept_as(btf: Btf, kind: Type, member: bt.Member) -> Kind:
    """How a member is stored, whatever it is: floating point is there, though nothing reads it."""
    if isinstance(kind, Array) and isinstance(kind.element, Struct):
        return values.ArrayKind(kind.element.kind, kind.count)
    if kind == NONE:
        return values.OpaqueKind(btf.size_of(member.type_id), 1)
    return kind.kind


def unkept(kind: Type, btf: Btf) -> str | None:
    """Why values of a type cannot be kept, if it has a struct in it of which that is so."""
    if isinstance(kind, (Tuple, Record)):
        return next(filter(None, (unkept(item, btf) for item in kind.items)), None)
    if isinstance(kind, Array):
        return unkept(kind.element, btf)
    if not isinstance(kind, Struct):
        return None
    if incomplete(kind):
        return f"the members of `{kind}` are not known: it is declared only"
    if not kind.relocated:
        return None
    number = _count_values(kind)
    if number > _MOST_VALUES:
        return f"`{kind}` has {number} values, and {_MOST_VALUES} can be copied"
    inner = _redefined_within(kind, btf)
    return (
        f"`{kind}` of the kernel has a `{inner}` in it, which the script declares"
        if inner
        else None
    )


def _count_values(kind: Type) -> int:
    if isinstance(kind, Array):
        nested = isinstance(kind.element, (Struct, Array))
        return kind.count * _count_values(kind.element) if nested else 1
    if isinstance(kind, Struct):
        members = copy_of(kind).members.values()
        return sum(_count_values(member.type) for member in members)
    return 1


def _redefined_within(kind: Type, btf: Btf) -> Type | None:
    if isinstance(kind, Array):
        return _redefined_within(kind.element, btf)
    if not isinstance(kind, Struct):
        return None
    if redefined(kind, btf) is not kind:
        return kind
    members = copy_of(kind).members.values()
    return next(filter(None, (_redefined_within(member.type, btf) for member in members)), None)


def incomplete(kind: Type) -> bool:
    """Whether a struct is declared only, so that it has neither fields nor a size."""
    return isinstance(kind, Struct) and isinstance(kind.btf.resolve(kind.type_id), bt.Fwd)


def redefined(kind: Type, btf: Btf) -> Type:
    """The type with each kernel struct replaced by the one that the script declares so named."""
    if btf.relocatable:
        return kind
    if isinstance(kind, Pointer):
        target = redefined(kind.target, btf)
        return kind if target is kind.target else replace(kind, target=target)
    if isinstance(kind, Array):
        element = redefined(kind.element, btf)
        return kind if element is kind.element else Array(element, kind.count)
    if isinstance(kind, Struct) and kind.name and kind.relocated:
        found = find_struct(btf, "union" if kind.union else "struct", kind.name)
        return replace(found, inside=kind.inside) if found and not found.relocated else kind
    return kind


def _named_members(btf: Btf, type_id: int, start: int = 0) -> Iterator[bt.Member]:
    """The members that have names, with their offsets in bits from `start` on."""
    struct = btf.resolve(type_id)
    if not isinstance(struct, bt.Struct):
        return
    for member in struct.members:
        offset = start + member.bit_offset
        if member.name:
            yield member._replace(bit_offset=offset)
        else:
            yield from _named_members(btf, member.type_id, offset)


def _integer(item: bt.Int) -> Type:
    if item.encoding == "bool":
        return Bool()
    if item.size in _WIDTHS:
        return Int(item.size, item.signed)
    return Array(UINT64, item.size // 8)


def _array(btf: Btf, array: bt.Array, space: Space) -> Type:
    element = btf.resolve(array.elem)
    if isinstance(element, bt.Int) and element.size == 1 and element.encoding != "bool":
        plain = "char" in (element.encoding, element.name)
        if plain or (element.signed and btf.relocatable):
            return Str(array.count, padded=False, whole=True)
        return Array(Int(1, True) if element.signed else UINT8, array.count)
    item = type_of(btf, array.elem, space)
    return Array(INT64 if item == NONE else item, array.count)


def _forward(btf: Btf, forward: bt.Fwd) -> Type:
    full = find_struct(btf, "union" if forward.is_union else "struct", forward.name)
    return full or BtfStruct(forward.name, forward.is_union, btf.owner(forward.id), forward.id)


def _tagged(btf: Btf, type_id: int, space: Space) -> Space:
    """USER where a `__user` type tag stands among the modifiers."""
    found = btf.type(type_id)
    while isinstance(found, (bt.Modifier, bt.Typedef)):
        if isinstance(found, bt.Modifier) and found.name == "user":
            return Space.USER
        found = btf.type(found.target)
    return space
