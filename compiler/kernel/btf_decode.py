"""From the words of one BTF type to its record: one small decoder per kind, in one table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from .btf_kinds import BtfKind
from .btf_types import (
    Array,
    BtfType,
    DataSec,
    DeclTag,
    Enum,
    Enumerator,
    Float,
    Func,
    FuncProto,
    Fwd,
    Int,
    Member,
    Modifier,
    Ptr,
    Struct,
    Typedef,
    Var,
)
from .errors import KernelDataError

_INT_SIGNED, _INT_CHAR, _INT_BOOL = 1, 2, 4


class RawType(NamedTuple):
    """One type before decoding: its common words, and `words`, those that follow them.

    value is the third word: a size or a type id, as the kind has it. name_at maps an offset
    in the string sections to text.
    """

    id: int
    name: str
    kind: int
    kind_flag: bool
    vlen: int
    value: int
    words: Sequence[int]
    name_at: Callable[[int], str]


def decode(raw: RawType) -> BtfType:
    """The record for `raw`; KernelDataError for a kind that has no record here."""
    decoder = _DECODERS.get(raw.kind)
    if decoder is None:
        raise KernelDataError(f"BTF type {raw.id} is of kind {raw.kind}, which is not known")
    return decoder(raw)


def _signed(value: int, bits: int) -> int:
    return value - (1 << bits) if value >> (bits - 1) else value


def _groups(raw: RawType, size: int) -> list[Sequence[int]]:
    return [raw.words[at : at + size] for at in range(0, raw.vlen * size, size)]


def _int(raw: RawType) -> Int:
    word = raw.words[0]
    flags = word >> 24 & 0xF
    encoding = "bool" if flags & _INT_BOOL else "char" if flags & _INT_CHAR else ""
    return Int(raw.id, raw.name, raw.value, bool(flags & _INT_SIGNED), encoding, word & 0xFF)


def _ptr(raw: RawType) -> Ptr:
    return Ptr(raw.id, raw.name, raw.value)


def _array(raw: RawType) -> Array:
    return Array(raw.id, raw.name, raw.words[0], raw.words[2])


def _struct(raw: RawType) -> Struct:
    members = tuple(
        # With the kind flag an offset word is 8 bits of bitfield size over 24 bits of offset.
        Member(raw.name_at(name), type_id, where & 0xFFFFFF, where >> 24)
        if raw.kind_flag
        else Member(raw.name_at(name), type_id, where, 0)
        for name, type_id, where in _groups(raw, 3)
    )
    return Struct(raw.id, raw.name, raw.value, members, raw.kind == BtfKind.UNION)


def _enum(raw: RawType) -> Enum:
    values = tuple(
        Enumerator(raw.name_at(name), _signed(value, 32) if raw.kind_flag else value)
        for name, value in _groups(raw, 2)
    )
    return Enum(raw.id, raw.name, raw.value, raw.kind_flag, values)


def _enum64(raw: RawType) -> Enum:
    values = tuple(
        Enumerator(
            raw.name_at(name),
            _signed(low | high << 32, 64) if raw.kind_flag else low | high << 32,
        )
        for name, low, high in _groups(raw, 3)
    )
    return Enum(raw.id, raw.name, raw.value, raw.kind_flag, values)


def _fwd(raw: RawType) -> Fwd:
    return Fwd(raw.id, raw.name, raw.kind_flag)


def _typedef(raw: RawType) -> Typedef:
    return Typedef(raw.id, raw.name, raw.value)


def _modifier(raw: RawType) -> Modifier:
    return Modifier(raw.id, raw.name, BtfKind(raw.kind), raw.value)


def _func(raw: RawType) -> Func:
    return Func(raw.id, raw.name, raw.value, raw.vlen)


def _func_proto(raw: RawType) -> FuncProto:
    params = tuple((raw.name_at(name), type_id) for name, type_id in _groups(raw, 2))
    return FuncProto(raw.id, raw.name, raw.value, params)


def _var(raw: RawType) -> Var:
    return Var(raw.id, raw.name, raw.value, raw.words[0])


def _datasec(raw: RawType) -> DataSec:
    entries = tuple((var, offset, size) for var, offset, size in _groups(raw, 3))
    return DataSec(raw.id, raw.name, raw.value, entries)


def _float(raw: RawType) -> Float:
    return Float(raw.id, raw.name, raw.value)


def _decl_tag(raw: RawType) -> DeclTag:
    return DeclTag(raw.id, raw.name, raw.value, _signed(raw.words[0], 32))


_DECODERS: dict[int, Callable[[RawType], BtfType]] = {
    BtfKind.INT: _int,
    BtfKind.PTR: _ptr,
    BtfKind.ARRAY: _array,
    BtfKind.STRUCT: _struct,
    BtfKind.UNION: _struct,
    BtfKind.ENUM: _enum,
    BtfKind.FWD: _fwd,
    BtfKind.TYPEDEF: _typedef,
    BtfKind.VOLATILE: _modifier,
    BtfKind.CONST: _modifier,
    BtfKind.RESTRICT: _modifier,
    BtfKind.FUNC: _func,
    BtfKind.FUNC_PROTO: _func_proto,
    BtfKind.VAR: _var,
    BtfKind.DATASEC: _datasec,
    BtfKind.FLOAT: _float,
    BtfKind.DECL_TAG: _decl_tag,
    BtfKind.TYPE_TAG: _modifier,
    BtfKind.ENUM64: _enum64,
}
