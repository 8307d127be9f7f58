"""Types that a script declares in C, on top of its kernel's: the same questions, more answers.

What is declared counts before what the kernel has of the same name. The types have the layout that
the script's text gives them, on every target: nothing in them is relocated.
"""

from __future__ import annotations

from collections.abc import Iterator

from .btf import Btf
from .btf_kinds import BtfKind
from .btf_sections import BtfSections
from .btf_types import (
    Array,
    BtfType,
    Enum,
    EnumValue,
    Float,
    FuncProto,
    Fwd,
    Int,
    Ptr,
    Struct,
    Typedef,
)

_KINDS: dict[type[BtfType], BtfKind] = {
    Int: BtfKind.INT,
    Ptr: BtfKind.PTR,
    Array: BtfKind.ARRAY,
    Enum: BtfKind.ENUM,
    Fwd: BtfKind.FWD,
    Typedef: BtfKind.TYPEDEF,
    FuncProto: BtfKind.FUNC_PROTO,
    Float: BtfKind.FLOAT,
}


class DeclaredBtf(Btf):
    """Types added one by one to a kernel's; a struct may be a Fwd until its members are known."""

    relocatable = False

    def __init__(self, base: Btf) -> None:
        super().__init__(BtfSections(b"", range(0), range(0), [], []), base)
        self._names: dict[tuple[int, str], int] = {}
        self._enumerators: dict[str, EnumValue] = {}
        self._count = 0

    @property
    def type_count(self) -> int:
        return self._first_id + self._count

    @property
    def next_id(self) -> int:
        """The id that the next added type must have."""
        return self.type_count

    def add(self, record: BtfType) -> int:
        """Take a new type, whose id is next_id."""
        assert record.id == self.next_id
        self._count += 1
        return self.put(record)

    def put(self, record: BtfType) -> int:
        """Take a type in place of what has its id, as when a declared struct gets its members."""
        self._decoded[record.id] = record
        if record.name:
            self._names.setdefault((self.kind_of(record), record.name), record.id)
        if isinstance(record, Enum):
            for index, each in enumerate(record.values):
                self._enumerators[each.name] = EnumValue(
                    each.name, record.id, record.name or None, index, each.value, record.signed
                )
        return record.id

    @staticmethod
    def kind_of(record: BtfType) -> BtfKind:
        """The kind under which a record is found."""
        if isinstance(record, Struct):
            return BtfKind.UNION if record.is_union else BtfKind.STRUCT
        return _KINDS[type(record)]

    def own(self, kind: int, name: str) -> int | None:
        """Id of the declared type of that kind and name; the kernel's do not count."""
        return self._names.get((kind, name))

    def find(self, kind: int, name: str) -> int | None:
        found = self.own(kind, name)
        return super().find(kind, name) if found is None else found

    def find_enumerator(self, name: str) -> EnumValue | None:
        return self._enumerators.get(name) or super().find_enumerator(name)

    def names(self, kind: int) -> Iterator[str]:
        yield from (name for each, name in self._names if each == kind)
        yield from super().names(kind)
