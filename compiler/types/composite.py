"""Types made of others: what points, what has fields or elements, what a map keeps."""

from __future__ import annotations

from dataclasses import field, replace

from aotrace.compiler.frozen import dataclass
from aotrace.compiler.kernel.btf import Btf
from aotrace.compiler.types.base import NONE, NoneType, Space, Type
from aotrace.compiler.types.text import Str
from aotrace.runtime import values
from aotrace.runtime.values import Kind


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
        copied = self.space is Space.OWN and has_relocated(self.target)
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


def has_relocated(kind: Type) -> bool:
    """Whether a value has fields whose places are the target's to say."""
    if isinstance(kind, Array):
        return has_relocated(kind.element)
    if isinstance(kind, (Tuple, Record)):
        return any(map(has_relocated, kind.items))
    return isinstance(kind, Struct) and kind.relocated


def storable(kind: Type) -> bool:
    """Whether values of a type can be kept: those of NONE and empty arrays cannot."""
    if isinstance(kind, Array):
        return kind.count > 0 and storable(kind.element)
    if isinstance(kind, (Tuple, Record)):
        return all(storable(item) for item in kind.items)
    return not isinstance(kind, NoneType)


def lying_in(kind: Type, space: Space) -> Type:
    """The type of what was read from a memory: its pointers point to user memory if that was."""
    if space is not Space.USER:
        return kind
    if isinstance(kind, Pointer):
        return replace(kind, space=space)
    if isinstance(kind, Array):
        return Array(lying_in(kind.element, space), kind.count)
    return replace(kind, inside=space) if isinstance(kind, Struct) else kind


def opened(kind: Type) -> Type:
    """A type as a script writes it, which does not say where its pointers point, nor whether its
    texts were cut."""
    if isinstance(kind, Str):
        return replace(kind, whole=True)
    if isinstance(kind, Pointer):
        return Pointer(opened(kind.target), Space.OPEN)
    if isinstance(kind, Array):
        return Array(opened(kind.element), kind.count)
    if isinstance(kind, Tuple):
        return Tuple(tuple(map(opened, kind.items)))
    return replace(kind, inside=Space.OPEN) if isinstance(kind, Struct) else kind


def adopting(kind: Type, value: Type) -> Type:
    """A type whose pointers may also point where those of a value do, and whose texts may have been
    cut as those were."""
    if isinstance(kind, Str) and isinstance(value, Str):
        return replace(kind, whole=kind.whole and (value.whole or value.capacity < kind.capacity))
    if isinstance(kind, Pointer) and isinstance(value, Pointer):
        return Pointer(adopting(kind.target, value.target), kind.space.joined(value.space))
    if isinstance(kind, Array) and isinstance(value, Array):
        return Array(adopting(kind.element, value.element), kind.count)
    if isinstance(kind, Tuple) and isinstance(value, Tuple) and len(kind.items) == len(value.items):
        return Tuple(tuple(map(adopting, kind.items, value.items)))
    if isinstance(kind, Struct) and isinstance(value, Struct):
        return replace(kind, inside=kind.inside.joined(value.inside))
    return kind


def padded(kind: Type) -> Type:
    """The type with zeros after the NUL of each string: equal values have equal bytes."""
    if isinstance(kind, Str):
        return replace(kind, padded=True)
    if isinstance(kind, Tuple):
        return Tuple(tuple(padded(item) for item in kind.items))
    if isinstance(kind, Record):
        return Record(kind.names, tuple(padded(item) for item in kind.items))
    return kind
