"""The language's types.

A type says what an expression means; `kind` says how its value is stored (runtime/values), so that
layout has one home. Types are immutable and compare by value. The rules for mixing integers follow
bpftrace 0.27 (docs/language.md, "Data Types").
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import field, replace
from enum import Enum

from aotrace.compiler.frozen import dataclass
from aotrace.compiler.kernel.btf import Btf
from aotrace.runtime import values
from aotrace.runtime.values import Kind


class Space(Enum):
    """Which memory a pointer points into."""

    KERNEL = "kernel"
    USER = "user"
    OWN = "own"  # the program's: variables, values of maps; kernel structs are copies there
    NONE = "none"  # nothing is known: read as kernel memory


@dataclass(frozen=True)
class Type:
    """Any type."""

    @property
    def kind(self) -> Kind:
        """How a value is stored. Raises TypeError for a type that has no values."""
        raise TypeError(f"no value of type {self}")

    @property
    def size(self) -> int:
        """Bytes that a value takes in the program's memory."""
        return self.kind.size

    @property
    def extent(self) -> int:
        """Bytes that it has in C's memory, which are others where structs are copied."""
        return self.size

    @property
    def scalar(self) -> bool:
        """True when a value fits a register: integers, booleans, pointers."""
        return False

    @property
    def family(self) -> str:
        """What sort of type it is, in typeinfo's words."""
        return str(self).partition("[")[0]


@dataclass(frozen=True)
class NoneType(Type):
    """No value: statements, and expressions whose type is not known yet."""

    def __str__(self) -> str:
        return "none"


NONE = NoneType()


@dataclass(frozen=True)
class Bool(Type):
    scalar = True

    @property
    def kind(self) -> Kind:
        return values.BoolKind()

    def __str__(self) -> str:
        return "bool"


@dataclass(frozen=True)
class Int(Type):
    """An integer of `width` bytes; flexible: from a non-negative literal, takes either sign.

    clock: which clock it counts the nanoseconds of (runtime/values/time.py), where that is known.
    space: which memory it is an address of, if that has been said.
    """

    width: int
    signed: bool
    flexible: bool = field(default=False, compare=False)
    clock: str = field(default="", compare=False)
    space: Space = field(default=Space.NONE, compare=False)
    scalar = True
    family = "int"

    @property
    def kind(self) -> Kind:
        return values.IntKind(self.width, self.signed)

    @property
    def bits(self) -> int:
        return self.width * 8

    def __str__(self) -> str:
        return f"{'' if self.signed else 'u'}int{self.bits}"


INT64 = Int(8, True)
UINT64 = Int(8, False)
UINT32 = Int(4, False)
UINT16 = Int(2, False)
UINT8 = Int(1, False)


@dataclass(frozen=True)
class EnumType(Int):
    """A kernel enum: an integer with names."""

    name: str = ""
    enumerators: tuple[tuple[str, int], ...] = field(default=(), compare=False, repr=False)

    @property
    def kind(self) -> Kind:
        names = {str(value): name for name, value in reversed(self.enumerators)}
        return values.EnumKind(self.width, self.signed, names)

    def __str__(self) -> str:
        return f"enum {self.name}"


@dataclass(frozen=True)
class Pointer(Type):
    """An address of `target` (NONE for void). trusted: the verifier knows it (a BTF pointer)."""

    target: Type
    space: Space = Space.KERNEL
    trusted: bool = field(default=False, compare=False)
    scalar = True
    family = "pointer"

    @property
    def kind(self) -> Kind:
        return values.PointerKind()

    def __str__(self) -> str:
        copied = self.space is Space.OWN and _has_relocated(self.target)
        return (
            f"{'void' if self.target == NONE else self.target} *{' (to a copy)' if copied else ''}"
        )


@dataclass(frozen=True)
class Struct(Type):
    """A struct or union of the kernel's BTF, or one that the script declares.

    inside: which memory the pointers in it point into. kind: kernel_types.py.
    """

    name: str
    union: bool
    btf: Btf = field(compare=False, repr=False)
    type_id: int
    family = "c_type"
    inside: Space = field(default=Space.KERNEL, compare=False)

    def __str__(self) -> str:
        if not self.name and (alias := self.btf.type(self.type_id).name):
            return alias  # a typedef
        return f"{'union' if self.union else 'struct'} {self.name or '(anonymous)'}"

    @property
    def relocated(self) -> bool:
        """Whether its fields are where the target's kernel has them; else where the script says."""
        return self.btf.relocatable

    @property
    def extent(self) -> int:
        return self.btf.size_of(self.type_id)


@dataclass(frozen=True)
class Str(Type):
    """A string in `capacity` bytes, its NUL included; padded: zeros follow the NUL."""

    capacity: int
    padded: bool = field(default=True, compare=False)

    @property
    def kind(self) -> Kind:
        return values.StrKind(self.capacity, self.padded)

    def __str__(self) -> str:
        return f"string[{self.capacity}]"


@dataclass(frozen=True)
class Buffer(Type):
    """Bytes with their number, up to `capacity`."""

    capacity: int

    @property
    def kind(self) -> Kind:
        return values.BufferKind(self.capacity)

    def __str__(self) -> str:
        return f"buffer[{self.capacity}]"


@dataclass(frozen=True)
class Username(Type):
    """A user id that is shown by name."""

    scalar = True
    family = "username_t"

    @property
    def kind(self) -> Kind:
        return values.UsernameKind()

    def __str__(self) -> str:
        return "username_t"


@dataclass(frozen=True)
class CgroupPath(Type):
    """A cgroup's id that is shown as its path in the hierarchies that a pattern matches."""

    filter: str
    scalar = True
    family = "cgroup_path_t"

    @property
    def kind(self) -> Kind:
        return values.CgroupPathKind(self.filter)

    def __str__(self) -> str:
        return "cgroup_path_t"


@dataclass(frozen=True)
class Inet(Type):
    @property
    def kind(self) -> Kind:
        return values.InetKind()

    def __str__(self) -> str:
        return "inet"


@dataclass(frozen=True)
class Mac(Type):
    @property
    def kind(self) -> Kind:
        return values.MacKind()

    def __str__(self) -> str:
        return "mac_address"


@dataclass(frozen=True)
class Timestamp(Type):
    """strftime()'s value: nanoseconds of a clock, shown by a format on the target."""

    format: str
    clock: str
    scalar = True

    @property
    def kind(self) -> Kind:
        return values.TimestampKind(self.format, self.clock)

    def __str__(self) -> str:
        return "timestamp"


@dataclass(frozen=True)
class KernelSymbol(Type):
    """An address that is shown as the kernel's symbol for it."""

    scalar = True

    @property
    def kind(self) -> Kind:
        return values.KsymKind()

    def __str__(self) -> str:
        return "ksym_t"


@dataclass(frozen=True)
class UserSymbol(Type):
    """An address, and the process whose symbol for it is shown."""

    @property
    def kind(self) -> Kind:
        return values.UsymKind()

    def __str__(self) -> str:
        return "usym_t"


@dataclass(frozen=True)
class Stack(Type):
    """The key of a call stack (runtime/values/stacks.py)."""

    user: bool
    mode: str
    limit: int
    scalar = True

    @property
    def kind(self) -> Kind:
        return (values.UstackKind if self.user else values.KstackKind)(self.mode, self.limit)

    def __str__(self) -> str:
        return self.kind.type_name()


@dataclass(frozen=True)
class Array(Type):
    element: Type
    count: int
    family = "array"

    @property
    def kind(self) -> Kind:
        return values.ArrayKind(self.element.kind, self.count)

    @property
    def size(self) -> int:
        return self.element.size * self.count

    @property
    def extent(self) -> int:
        return self.element.extent * self.count

    def __str__(self) -> str:
        inner: Type = self
        dimensions = ""
        while isinstance(inner, Array):
            dimensions += f"[{inner.count}]"
            inner = inner.element
        return f"{inner}{dimensions}"


@dataclass(frozen=True)
class Tuple(Type):
    items: tuple[Type, ...]
    family = "tuple"

    @property
    def kind(self) -> Kind:
        return values.TupleKind([item.kind for item in self.items])

    def __str__(self) -> str:
        return f"({','.join(map(str, self.items))})"


@dataclass(frozen=True)
class Record(Type):
    names: tuple[str, ...]
    items: tuple[Type, ...]
    family = "record"

    @property
    def kind(self) -> Kind:
        return values.RecordKind(list(self.names), [item.kind for item in self.items])

    def __str__(self) -> str:
        fields = (f".{name} = {item}" for name, item in zip(self.names, self.items, strict=True))
        return f"record {{ {', '.join(fields)} }}"


@dataclass(frozen=True)
class Aggregate(Type):
    """A map value that each CPU keeps for itself (count, sum, hist …); `name` is the function's."""

    name: str
    storage: Kind

    @property
    def kind(self) -> Kind:
        return self.storage

    @property
    def signed(self) -> bool:
        return getattr(self.storage, "signed", True)

    def __str__(self) -> str:
        return f"{self.name}_t"


def literal(value: int) -> Int:
    """The type of an integer literal: the smallest signed one that holds it, else uint64."""
    for width in (1, 2, 4, 8):
        if -(1 << (width * 8 - 1)) <= value < 1 << (width * 8 - 1):
            return Int(width, True, flexible=value >= 0)
    return UINT64


def cut(kind: Int, value: int) -> int:
    """What is left of a value in an integer type."""
    value &= (1 << kind.bits) - 1
    return value - (1 << kind.bits) if kind.signed and value >> (kind.bits - 1) else value


def holds(kind: Int, value: int) -> bool:
    """Whether an integer type has the value."""
    low = -(1 << (kind.bits - 1)) if kind.signed else 0
    return low <= value < low + (1 << kind.bits)


def storable(kind: Type) -> bool:
    """Whether values of a type can be kept: those of NONE and empty arrays cannot."""
    if isinstance(kind, Array):
        return kind.count > 0 and storable(kind.element)
    if isinstance(kind, (Tuple, Record)):
        return all(storable(item) for item in kind.items)
    return not isinstance(kind, NoneType)


def promote(current: Type, new: Type) -> Type | None:
    """The type that holds values of both, or None where they do not mix."""
    if current == NONE:
        return new
    if new == NONE:
        return current
    if current == new:
        return current if not (isinstance(current, Int) and current.flexible) else new
    if isinstance(current, EnumType) or isinstance(new, EnumType):
        current, new = _plain(current), _plain(new)
    rule = _PROMOTIONS.get((type(current), type(new)))
    return rule(current, new) if rule else None


def _plain(item: Type) -> Type:
    return Int(item.width, item.signed) if isinstance(item, EnumType) else item


def _promote_int(current: Int, new: Int) -> Int:
    width = max(current.width, new.width)
    both = current.flexible and new.flexible
    if current.signed == new.signed:
        return Int(width, current.signed, both)
    if current.flexible or new.flexible:
        signed = (not current.flexible and current.signed) or (not new.flexible and new.signed)
        return Int(width, signed, both)
    wider = current if current.width > new.width else new
    if current.width != new.width and wider.signed:
        return Int(wider.width, True)
    return Int(min(width * 2, 8), True)


def _promote_str(current: Str, new: Str) -> Str:
    return Str(max(current.capacity, new.capacity))


def _promote_tuple(current: Tuple, new: Tuple) -> Tuple | None:
    if len(current.items) != len(new.items):
        return None
    items = [promote(a, b) for a, b in zip(current.items, new.items, strict=True)]
    return None if None in items else Tuple(tuple(i for i in items if i is not None))


def _promote_record(current: Record, new: Record) -> Record | None:
    if set(current.names) != set(new.names):
        return None
    theirs = dict(zip(new.names, new.items, strict=True))
    items = [promote(a, theirs[n]) for n, a in zip(current.names, current.items, strict=True)]
    return (
        None if None in items else Record(current.names, tuple(i for i in items if i is not None))
    )


def _promote_pointer(current: Pointer, new: Pointer) -> Pointer | None:
    copies = [current.space is Space.OWN, new.space is Space.OWN]
    if any(copies) and not all(copies) and _has_relocated(current.target):
        return None  # of the two layouts a pointer to either would have one only
    space = current.space if current.space == new.space else Space.NONE
    if current.target == new.target:
        return Pointer(current.target, space)
    if type(current.target) is Int and type(new.target) is Int:
        target = promote(current.target, new.target)
        return Pointer(target, space) if target else None
    return None


def _has_relocated(kind: Type) -> bool:
    if isinstance(kind, Array):
        return _has_relocated(kind.element)
    if isinstance(kind, (Tuple, Record)):
        return any(map(_has_relocated, kind.items))
    return isinstance(kind, Struct) and kind.relocated


def lying_in(kind: Type, space: Space) -> Type:
    """The type of what was read from a memory: its pointers point to user memory if that was."""
    if space is not Space.USER:
        return kind
    if isinstance(kind, Pointer):
        return replace(kind, space=space)
    if isinstance(kind, Array):
        return Array(lying_in(kind.element, space), kind.count)
    return replace(kind, inside=space) if isinstance(kind, Struct) else kind


_PROMOTIONS: dict[tuple[type, type], Callable[..., Type | None]] = {
    (Int, Int): _promote_int,
    (Str, Str): _promote_str,
    (Buffer, Buffer): lambda a, b: Buffer(max(a.capacity, b.capacity)),
    (Tuple, Tuple): _promote_tuple,
    (Record, Record): _promote_record,
    (Pointer, Pointer): _promote_pointer,
}


def padded(kind: Type) -> Type:
    """The type with zeros after the NUL of each string: equal values have equal bytes."""
    if isinstance(kind, Str):
        return Str(kind.capacity)
    if isinstance(kind, Tuple):
        return Tuple(tuple(padded(item) for item in kind.items))
    if isinstance(kind, Record):
        return Record(kind.names, tuple(padded(item) for item in kind.items))
    return kind


def unflexed(item: Type) -> Type:
    """The type without the freedom of a literal."""
    return replace(item, flexible=False) if isinstance(item, Int) else item
