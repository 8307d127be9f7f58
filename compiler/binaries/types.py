"""The types of a file's DWARF as a BTF beside the kernel's and the script's own.

An entry becomes a BTF record when it is asked for: an id is given out at first sight, so that
structs that point to each other need nothing special. The layout is that of this very build of the
file; nothing in it is relocated.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from aotrace.compiler.binaries.dwarf import Die, DwarfError, attribute, name_of, reading, referred
from aotrace.compiler.binaries.file import File
from aotrace.compiler.kernel import btf_types as bt
from aotrace.compiler.kernel.btf import POINTER_SIZE, Btf
from aotrace.compiler.kernel.btf_kinds import BtfKind
from aotrace.compiler.kernel.declared import DeclaredBtf

_STRUCTS = frozenset(("DW_TAG_structure_type", "DW_TAG_class_type"))
_UNIONS = frozenset(("DW_TAG_union_type",))
_TAGS: dict[int, frozenset[str]] = {
    BtfKind.STRUCT: _STRUCTS,
    BtfKind.UNION: _UNIONS,
    BtfKind.ENUM: frozenset(("DW_TAG_enumeration_type",)),
    BtfKind.TYPEDEF: frozenset(("DW_TAG_typedef",)),
}
_VOID = 0
# DWARF 5, 7.8: base type attribute encodings
_BOOLEAN, _SIGNED, _SIGNED_CHAR, _UNSIGNED, _UNSIGNED_CHAR = 2, 5, 6, 7, 8
_CHARS = (_SIGNED_CHAR, _UNSIGNED_CHAR)
_UTF, _ASCII = 0x10, 0x12
_INTEGERS = (_BOOLEAN, _SIGNED, _SIGNED_CHAR, _UNSIGNED, _UNSIGNED_CHAR, _UTF, _ASCII)
_PLUS_CONSTANT = 0x23  # DW_OP_plus_uconst


class BinaryBtf(DeclaredBtf):
    """The types of one file; what the script declares counts before them, the kernel's behind.

    The file is opened when it is asked for something.
    """

    def __init__(self, file: File, base: Btf) -> None:
        super().__init__(base)
        self._file = file
        self._ids: dict[tuple[str, int], int] = {}
        self._entries: dict[int, Die] = {}
        self._makers: dict[int, Callable[[int], bt.BtfType]] = {}
        self._looked_up: dict[tuple[int, str], int | None] = {}

    def id_of(self, die: Die | None) -> int:
        """The type that an entry stands for."""
        if die is None or die.tag == "DW_TAG_unspecified_type":
            return _VOID
        self._entries[found := self._id(("", die.offset), lambda i: _record(self, die, i))] = die
        return found

    def entry(self, type_id: int) -> Die:
        """The entry that a type was made of."""
        return self._entries[type_id]

    def type_of_entry(self, die: Die) -> int:
        """The type of a parameter, member or function."""
        return self.id_of(referred(die))

    def made(self, key: tuple[str, int], make: Callable[[int], bt.BtfType]) -> int:
        """A type that no entry stands for by itself, such as the rows of a matrix."""
        return self._id(key, make)

    def _id(self, key: tuple[str, int], make: Callable[[int], bt.BtfType]) -> int:
        if key not in self._ids:
            self._ids[key] = self.next_id
            self._makers[self.next_id] = make
            self._count += 1
        return self._ids[key]

    def _decode(self, type_id: int) -> bt.BtfType:
        make = self._makers.get(type_id)
        if make is None:
            return super()._decode(type_id)
        with reading(self.path):
            return make(type_id)

    @property
    def path(self) -> str:
        """What the script calls the file."""
        return self._file.binary

    def find(self, kind: int, name: str) -> int | None:
        base = self.base
        found = base.own(kind, name) if isinstance(base, DeclaredBtf) else None
        if found is None:
            found = self._of_file(kind, name)
        return super().find(kind, name) if found is None else found

    def _named(self, kind: int, name: str) -> Die | None:
        """The entry of a type by its name; none where the file cannot be read."""
        try:
            return self._file.dwarf.named(_TAGS[kind], name) if kind in _TAGS else None
        except DwarfError:
            return None

    @property
    def used(self) -> bool:
        """Whether any type was asked for."""
        return bool(self._ids)

    def _of_file(self, kind: int, name: str) -> int | None:
        key = (kind, name)
        if key not in self._looked_up:
            die = self._named(kind, name)
            found = None
            if die is not None and kind == BtfKind.ENUM:
                found = self._id(("enum", die.offset), lambda type_id: _enum(self, die, type_id))
            elif die is not None and not _declared(die):
                found = self.id_of(die)
            self._looked_up[key] = found
        return self._looked_up[key]


def _record(btf: BinaryBtf, die: Die, type_id: int) -> bt.BtfType:
    maker = _MAKERS.get(die.tag)
    if maker is None:
        return bt.Fwd(type_id, name_of(die), False)
    return maker(btf, die, type_id)


def _base(_btf: BinaryBtf, die: Die, type_id: int) -> bt.BtfType:
    encoding, size = attribute(die, "DW_AT_encoding"), _size(die)
    if encoding not in _INTEGERS:
        return bt.Float(type_id, name_of(die), size)
    kind = "char" if encoding in _CHARS else ""  # a boolean is a number, as in bpftrace
    signed = encoding in (_SIGNED, _SIGNED_CHAR)
    return bt.Int(type_id, name_of(die), size, signed, kind, size * 8)


def _pointer(btf: BinaryBtf, die: Die, type_id: int) -> bt.BtfType:
    return bt.Ptr(type_id, "", btf.type_of_entry(die))


def _member_pointer(_btf: BinaryBtf, _die: Die, type_id: int) -> bt.BtfType:
    return bt.Int(type_id, "", POINTER_SIZE, True, "", POINTER_SIZE * 8)


def _modifier(btf: BinaryBtf, die: Die, type_id: int) -> bt.BtfType:
    return bt.Modifier(type_id, "", BtfKind.CONST, btf.type_of_entry(die))


def _typedef(btf: BinaryBtf, die: Die, type_id: int) -> bt.BtfType:
    return bt.Typedef(type_id, name_of(die), btf.type_of_entry(die))


def _array(btf: BinaryBtf, die: Die, type_id: int) -> bt.BtfType:
    counts = [_count(child) for child in die.iter_children() if child.tag == "DW_TAG_subrange_type"]
    element = _element(btf, die)
    for index, count in enumerate(reversed(counts[1:])):
        element = btf.made((f"row {index}", die.offset), partial(_row, element, count))
    return bt.Array(type_id, "", element, counts[0] if counts else 0)


def _row(element: int, count: int, type_id: int) -> bt.BtfType:
    return bt.Array(type_id, "", element, count)


def _element(btf: BinaryBtf, die: Die) -> int:
    """An array of characters is a string only where its elements are called so, as in bpftrace."""
    entry = referred(die)
    plain = _peeled(entry)
    if entry is None or plain is None or entry.tag != "DW_TAG_typedef":
        return btf.id_of(entry)
    if plain.tag != "DW_TAG_base_type" or attribute(plain, "DW_AT_encoding") not in _CHARS:
        return btf.id_of(entry)
    signed, name = attribute(plain, "DW_AT_encoding") == _SIGNED_CHAR, name_of(entry)
    return btf.made(("byte", entry.offset), lambda i: bt.Int(i, name, 1, signed, "", 8))


def _peeled(die: Die | None) -> Die | None:
    while die is not None and die.tag in ("DW_TAG_typedef", *_QUALIFIERS):
        die = referred(die)
    return die


def _count(subrange: Die) -> int:
    """Elements of one dimension; 0 where they are not known."""
    count = attribute(subrange, "DW_AT_count")
    if isinstance(count, int):
        return count
    last = attribute(subrange, "DW_AT_upper_bound")
    return last + 1 if isinstance(last, int) and last < 1 << 62 else 0


def _composite(btf: BinaryBtf, die: Die, type_id: int) -> bt.BtfType:
    name, union = name_of(die), die.tag in _UNIONS
    if _declared(die):
        return bt.Fwd(type_id, name, union)
    return bt.Struct(type_id, name, _size(die), tuple(_members(btf, die)), union)


def _members(btf: BinaryBtf, die: Die) -> Iterator[bt.Member]:
    """Fields, and base classes as members without names: their fields count as own ones."""
    for child in die.iter_children():
        virtual = attribute(child, "DW_AT_virtuality")
        if child.tag == "DW_TAG_inheritance" and not virtual:
            yield bt.Member("", btf.type_of_entry(child), _byte_offset(child) * 8, 0)
        elif child.tag == "DW_TAG_member" and not _is_static(child):
            bits = attribute(child, "DW_AT_bit_size") or 0
            yield bt.Member(name_of(child), btf.type_of_entry(child), _bit_offset(child), bits)


def _is_static(member: Die) -> bool:
    return "DW_AT_external" in member.attributes or _declared(member)


def _bit_offset(member: Die) -> int:
    whole = attribute(member, "DW_AT_data_bit_offset")
    if whole is not None:
        return int(whole)
    offset = _byte_offset(member) * 8
    from_top = attribute(member, "DW_AT_bit_offset")
    if from_top is None:
        return offset
    unit = attribute(member, "DW_AT_byte_size") or _size(_peeled(referred(member)))
    return offset + int(unit) * 8 - int(from_top) - int(attribute(member, "DW_AT_bit_size"))


def _byte_offset(member: Die) -> int:
    found = attribute(member, "DW_AT_data_member_location") or 0
    if isinstance(found, int):
        return found
    if found and found[0] == _PLUS_CONSTANT:  # DWARF 2: an expression
        return sum((byte & 0x7F) << 7 * i for i, byte in enumerate(found[1:]))
    return 0


def _number(btf: BinaryBtf, die: Die, type_id: int) -> bt.BtfType:
    """An enum is read as the integer that it is, as in bpftrace."""
    values = list(_enumerators(die))
    signed = any(each.value < 0 for each in values)
    size = _size(die)
    return bt.Int(type_id, name_of(die), size, signed, "", size * 8)


def _enum(_btf: BinaryBtf, die: Die, type_id: int) -> bt.BtfType:
    values = tuple(_enumerators(die))
    signed = any(each.value < 0 for each in values)
    return bt.Enum(type_id, name_of(die), _size(die), signed, values)


def _enumerators(die: Die) -> Iterator[bt.Enumerator]:
    for child in die.iter_children():
        if child.tag == "DW_TAG_enumerator":
            yield bt.Enumerator(name_of(child), int(attribute(child, "DW_AT_const_value")))


def _function(btf: BinaryBtf, die: Die, type_id: int) -> bt.BtfType:
    return bt.FuncProto(type_id, "", btf.type_of_entry(die), ())


def _size(die: Die | None) -> int:
    return int(attribute(die, "DW_AT_byte_size") or 0) if die is not None else 0


def _declared(die: Die) -> bool:
    return "DW_AT_declaration" in die.attributes


_QUALIFIERS = (
    "DW_TAG_const_type", "DW_TAG_volatile_type", "DW_TAG_restrict_type", "DW_TAG_atomic_type",
)  # fmt: skip
_MAKERS: dict[str, Callable[[BinaryBtf, Die, int], bt.BtfType]] = {
    "DW_TAG_base_type": _base,
    "DW_TAG_pointer_type": _pointer,
    "DW_TAG_reference_type": _pointer,
    "DW_TAG_rvalue_reference_type": _pointer,
    "DW_TAG_ptr_to_member_type": _member_pointer,
    "DW_TAG_typedef": _typedef,
    "DW_TAG_array_type": _array,
    "DW_TAG_enumeration_type": _number,
    "DW_TAG_subroutine_type": _function,
    **dict.fromkeys(_QUALIFIERS, _modifier),
    **dict.fromkeys((*_STRUCTS, *_UNIONS), _composite),
}
