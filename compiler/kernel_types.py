"""The kernel's types as the language sees them, and the way to a field.

Anonymous members are looked through: a field's steps name only what has a name, which is what a
CO-RE relocation needs (libbpf finds the same name in the target's own anonymous members).
"""

from __future__ import annotations

from collections.abc import Iterator

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
    Space,
    Str,
    Struct,
    Type,
)

_WIDTHS = (1, 2, 4, 8)


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
        return Struct(resolved.name, resolved.is_union, btf.owner(known_as), known_as)
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


def find_struct(btf: Btf, tag: str, name: str) -> Struct | None:
    """The struct or union of that name."""
    kind = BtfKind.UNION if tag == "union" else BtfKind.STRUCT
    type_id = btf.find(kind, name)
    if type_id is None:
        return None
    return Struct(name, tag == "union", btf.owner(type_id), type_id)


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


def incomplete(kind: Type) -> bool:
    """Whether a struct is declared only, so that it has neither fields nor a size."""
    return isinstance(kind, Struct) and isinstance(kind.btf.resolve(kind.type_id), bt.Fwd)


def redefined(kind: Type, btf: Btf) -> Type:
    """The type with each kernel struct replaced by the one that the script declares so named."""
    if btf.relocatable:
        return kind
    if isinstance(kind, Pointer):
        target = redefined(kind.target, btf)
        return kind if target is kind.target else Pointer(target, kind.space)
    if isinstance(kind, Array):
        element = redefined(kind.element, btf)
        return kind if element is kind.element else Array(element, kind.count)
    if isinstance(kind, Struct) and kind.name and kind.relocated:
        found = find_struct(btf, "union" if kind.union else "struct", kind.name)
        return found if found and not found.relocated else kind
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
            return Str(array.count, padded=False)
        return Array(Int(1, True) if element.signed else UINT8, array.count)
    item = type_of(btf, array.elem, space)
    return Array(INT64 if item == NONE else item, array.count)


def _forward(btf: Btf, forward: bt.Fwd) -> Type:
    full = find_struct(btf, "union" if forward.is_union else "struct", forward.name)
    return full or Struct(forward.name, forward.is_union, btf.owner(forward.id), forward.id)


def _tagged(btf: Btf, type_id: int, space: Space) -> Space:
    """USER where a `__user` type tag stands among the modifiers."""
    found = btf.type(type_id)
    while isinstance(found, (bt.Modifier, bt.Typedef)):
        if isinstance(found, bt.Modifier) and found.name == "user":
            return Space.USER
        found = btf.type(found.target)
    return space
