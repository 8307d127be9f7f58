"""Decoded BTF types: one frozen record per kind, as plain data.

Every record has `id` (the BTF type id) and `name` ('' when anonymous). Type ids inside a
record refer to the same Btf. Sizes are in bytes, bit offsets count from the struct's start.

The records are named tuples because creating a dataclass costs a millisecond at import, and
every compilation would pay for all of them.
"""

from __future__ import annotations

from typing import NamedTuple

from .btf_kinds import BtfKind


class Void(NamedTuple):
    """Type id 0."""

    id: int = 0
    name: str = "void"


class Int(NamedTuple):
    """An integer; `encoding` is '', 'bool' or 'char'; `bits` is less than 8 * size only
    in the old form of bitfields."""

    id: int
    name: str
    size: int
    signed: bool
    encoding: str
    bits: int


class Ptr(NamedTuple):
    """A pointer; target 0 is void."""

    id: int
    name: str
    target: int


class Array(NamedTuple):
    """`count` elements of type `elem`; a flexible array has count 0."""

    id: int
    name: str
    elem: int
    count: int  # type: ignore[assignment]  # hides tuple.count, which nobody needs


class Member(NamedTuple):
    """One member of a struct or union; bit_size 0 means: not a bitfield."""

    name: str
    type_id: int
    bit_offset: int
    bit_size: int


class Struct(NamedTuple):
    """A struct or union with its members in order of definition."""

    id: int
    name: str
    size: int
    members: tuple[Member, ...]
    is_union: bool

    def member(self, name: str) -> Member | None:
        """The direct member of that name (not looked for in anonymous members)."""
        return next((m for m in self.members if m.name == name), None)


class Enumerator(NamedTuple):
    """One name of an enum with its value, already signed or unsigned as the enum is."""

    name: str
    value: int


class Enum(NamedTuple):
    """An enum of 1 to 8 bytes (ENUM and ENUM64 alike).

    Kernels before 6.1 do not record the sign: `signed` is False there and a negative value
    reads as its unsigned twin.
    """

    id: int
    name: str
    size: int
    signed: bool
    values: tuple[Enumerator, ...]


class Fwd(NamedTuple):
    """A struct or union that is declared only."""

    id: int
    name: str
    is_union: bool


class Typedef(NamedTuple):
    """Another name for `target`."""

    id: int
    name: str
    target: int


class Modifier(NamedTuple):
    """const, volatile, restrict, or a type tag (then `name` is the tag, such as 'user')."""

    id: int
    name: str
    kind: BtfKind
    target: int


class Func(NamedTuple):
    """A kernel function; linkage 0 static, 1 global, 2 extern."""

    id: int
    name: str
    proto: int
    linkage: int


class FuncProto(NamedTuple):
    """A prototype; a parameter named '' with type 0 at the end stands for '...'."""

    id: int
    name: str
    ret: int
    params: tuple[tuple[str, int], ...]


class Var(NamedTuple):
    """A global variable."""

    id: int
    name: str
    target: int
    linkage: int


class DataSec(NamedTuple):
    """A data section; entries are (type id of the variable, offset, size)."""

    id: int
    name: str
    size: int
    entries: tuple[tuple[int, int, int], ...]


class Float(NamedTuple):
    """A floating point number."""

    id: int
    name: str
    size: int


class DeclTag(NamedTuple):
    """A tag on a declaration; component_index -1 tags the whole of `target`."""

    id: int
    name: str
    target: int
    component_index: int


class EnumValue(NamedTuple):
    """An enumerator found by its name: where it is (`index` in that enum) and what it is."""

    name: str
    enum_id: int
    enum_name: str | None
    index: int  # type: ignore[assignment]  # hides tuple.index likewise
    value: int
    signed: bool


BtfType = (
    Void
    | Int
    | Ptr
    | Array
    | Struct
    | Enum
    | Fwd
    | Typedef
    | Modifier
    | Func
    | FuncProto
    | Var
    | DataSec
    | Float
    | DeclTag
)
