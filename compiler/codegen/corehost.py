"""What the build host's types answer to the questions of core.py.

An access is followed through the host's BTF once it is asked for, so that what cannot be relocated
is an error at its place in the script, and once more by the object writer, which needs the path
and the answer: libbpf expects to find the host's answer in the instruction.

Rules: libbpf's src/relo_core.c (bpf_core_parse_spec, bpf_core_calc_field_relo).
"""

from __future__ import annotations

from typing import NamedTuple

from aotrace.compiler.codegen.core import Access, CoreError, RelocKind, type_name
from aotrace.compiler.kernel.btf import Btf
from aotrace.compiler.kernel.btf_types import Array, Enum, Int, Member, Modifier, Struct, Typedef

_MAX_SPEC = 64  # accessors in one relocation, anonymous members included (BPF_CORE_SPEC_MAX_LEN)
_ENUMERATOR_KINDS = {RelocKind.ENUMVAL_EXISTS, RelocKind.ENUMVAL_VALUE}
_TYPE_KINDS = {
    RelocKind.TYPE_ID_LOCAL,
    RelocKind.TYPE_ID_TARGET,
    RelocKind.TYPE_EXISTS,
    RelocKind.TYPE_SIZE,
}


class Step(NamedTuple):
    """One accessor: the `index`-th member, element or enumerator of a type."""

    container: int
    index: int  # type: ignore[assignment]  # hides tuple.index, which nobody needs


class Place(NamedTuple):
    """Where an access ends in the build host's types.

    steps: every accessor, anonymous members included. bit_offset: from the root's start.
    member: the last member named, None when the path ends at the root or in an array.
    """

    steps: tuple[Step, ...]
    type_id: int
    bit_offset: int
    member: Member | None


class Extent(NamedTuple):
    """The bytes to load for a field (offset and size in bytes), and where its bits lie therein."""

    offset: int
    size: int
    bit_offset: int
    bit_size: int


class CoreTable:
    """The relocations of one object, numbered as they are first asked for."""

    def __init__(self) -> None:
        self._numbers: dict[Access, int] = {}

    @property
    def accesses(self) -> list[Access]:
        return list(self._numbers)

    def index(self, access: Access) -> int:
        """The number of an access. Raises CoreError for what cannot be relocated."""
        number = self._numbers.get(access)
        if number is None:
            host_value(access)
            number = self._numbers[access] = len(self._numbers)
        return number


def locate(access: Access) -> Place:
    """Follow an access through the build host's types. Raises CoreError where it leads nowhere."""
    root = named_root(access)
    if access.kind in _TYPE_KINDS:
        if access.steps:
            raise CoreError(f"`{access}`: a type is asked for, not its members")
        return Place((), root, 0, None)
    if access.kind in _ENUMERATOR_KINDS:
        return _locate_enumerator(access, root)
    place = Place((), root, 0, None)
    for step in access.steps:
        place = _index(access, place, step) if isinstance(step, int) else _name(access, place, step)
    if len(place.steps) >= _MAX_SPEC:
        raise CoreError(f"`{access}`: a path this long cannot be relocated")
    return place


def named_root(access: Access) -> int:
    """The type id that the target is searched for: named, and no qualifier around it.

    libbpf finds the target's type by its name and kind, so an unnamed struct or enum cannot be
    found unless through its typedef.
    """
    type_id = access.root
    while isinstance(found := access.btf.type(type_id), Modifier):
        type_id = found.target
    if isinstance(found, Typedef) and access.btf.resolve(type_id).name:
        found = access.btf.resolve(type_id)
    if not found.name:
        raise CoreError(f"`{access}`: a type without a name cannot be found on the target")
    return found.id


def extent(access: Access, place: Place) -> Extent:
    """Which bytes hold a field: for a bitfield, those that libbpf would have loaded."""
    member = place.member
    if member is None or not member.bit_size:
        size = access.btf.size_of(place.type_id)
        return Extent(place.bit_offset // 8, size, 0, size * 8)
    size = access.btf.size_of(place.type_id)
    offset = place.bit_offset // 8 // size * size
    while place.bit_offset + member.bit_size > (offset + size) * 8:
        if size >= 8:
            raise CoreError(f"`{access}`: this bitfield straddles 8 bytes")
        size *= 2
        offset = place.bit_offset // 8 // size * size
    return Extent(offset, size, place.bit_offset - offset * 8, member.bit_size)


def host_value(access: Access) -> int:
    """The answer on the build host, which libbpf expects to find in the instruction.

    A type's id is that in `access.btf`. An enumerator of 4 bytes is sign-extended, be its enum
    signed or not, as libbpf leaves it. Raises CoreError for what cannot be relocated.
    """
    place = locate(access)
    return _HOST_VALUES[access.kind](access, place)


def _extent_of(access: Access, place: Place) -> Extent:
    if not access.steps and access.kind != RelocKind.FIELD_BYTE_SIZE:
        raise CoreError(f"`{access}`: no member is named")
    return extent(access, place)


def _offset(access: Access, place: Place) -> int:
    return _extent_of(access, place).offset


def _size(access: Access, place: Place) -> int:
    return _extent_of(access, place).size


def _signed(access: Access, place: Place) -> int:
    _require_member(access, place)
    found = access.btf.resolve(place.type_id)
    if isinstance(found, Enum):
        # libbpf before 1.1 calls every enum signed, later ones look: no value suits both.
        raise CoreError(f"`{access}`: the sign of an enum cannot be relocated")
    return int(isinstance(found, Int) and found.signed)


def _left_shift(access: Access, place: Place) -> int:
    where = _register(access, place)
    return 64 - where.bit_size - where.bit_offset


def _right_shift(access: Access, place: Place) -> int:
    return 64 - _register(access, place).bit_size


def _register(access: Access, place: Place) -> Extent:
    """The extent of a member that fits a register: others have no shifts."""
    _require_member(access, place)
    where = extent(access, place)
    if where.size > 8:
        raise CoreError(f"`{access}`: {where.size} bytes do not fit a register")
    return where


def _require_member(access: Access, place: Place) -> None:
    if place.member is None:
        raise CoreError(f"`{access}`: only a member has a sign and shifts, not an array's element")


def _type_id(access: Access, place: Place) -> int:
    return place.type_id


def _type_size(access: Access, place: Place) -> int:
    return access.btf.size_of(place.type_id)


def _exists(access: Access, place: Place) -> int:
    return 1


def _enumerator(access: Access, place: Place) -> int:
    enum = access.btf.resolve(place.type_id)
    assert isinstance(enum, Enum)
    value = enum.values[place.steps[0].index].value
    return _sign_extended(value, 32) if enum.size <= 4 else value


_HOST_VALUES = {
    RelocKind.FIELD_BYTE_OFFSET: _offset,
    RelocKind.FIELD_BYTE_SIZE: _size,
    RelocKind.FIELD_EXISTS: _exists,
    RelocKind.FIELD_SIGNED: _signed,
    RelocKind.FIELD_LSHIFT_U64: _left_shift,
    RelocKind.FIELD_RSHIFT_U64: _right_shift,
    RelocKind.TYPE_ID_LOCAL: _type_id,
    RelocKind.TYPE_ID_TARGET: _type_id,
    RelocKind.TYPE_EXISTS: _exists,
    RelocKind.TYPE_SIZE: _type_size,
    RelocKind.ENUMVAL_EXISTS: _exists,
    RelocKind.ENUMVAL_VALUE: _enumerator,
}


def _locate_enumerator(access: Access, root: int) -> Place:
    enum = access.btf.resolve(root)
    if not isinstance(enum, Enum) or len(access.steps) != 1:
        raise CoreError(f"`{access}` is not an enumerator")
    for index, enumerator in enumerate(enum.values):
        if enumerator.name == access.steps[0]:
            return Place((Step(enum.id, index),), root, 0, None)
    raise CoreError(f"enum {enum.name} has no `{access.steps[0]}`")


def _index(access: Access, place: Place, index: int) -> Place:
    array = access.btf.resolve(place.type_id)
    if not isinstance(array, Array):
        raise CoreError(f"`{access}`: [{index}] is asked of something that is no array")
    if index < 0 or 0 < array.count <= index:  # a flexible array counts 0 elements
        raise CoreError(f"`{access}`: [{index}] is outside the array of {array.count}")
    bits = access.btf.size_of(array.elem) * 8 * index
    steps = (*place.steps, Step(array.id, index))
    return Place(steps, array.elem, place.bit_offset + bits, None)


def _name(access: Access, place: Place, name: str) -> Place:
    struct = access.btf.resolve(place.type_id)
    if not isinstance(struct, Struct):
        raise CoreError(f"`{access}`: .{name} is asked of something that is no struct")
    found = _descend(access.btf, struct, name)
    if found is None:
        raise CoreError(f"{type_name(access.btf, struct.id)} has no member `{name}`")
    bits = sum(member.bit_offset for _, member in found)
    steps = (*place.steps, *(step for step, _ in found))
    last = found[-1][1]
    return Place(steps, last.type_id, place.bit_offset + bits, last)


def _descend(btf: Btf, struct: Struct, name: str) -> list[tuple[Step, Member]] | None:
    """The members to pass to reach `name`, through anonymous structs and unions."""
    for index, member in enumerate(struct.members):
        here = (Step(struct.id, index), member)
        if member.name == name:
            return [here]
        inner = None if member.name else btf.resolve(member.type_id)
        below = _descend(btf, inner, name) if isinstance(inner, Struct) else None
        if below:
            return [here, *below]
    return None


def _sign_extended(value: int, bits: int) -> int:
    value &= (1 << bits) - 1
    return value - (1 << bits) if value >> (bits - 1) else value
