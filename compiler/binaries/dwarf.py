"""A file of user space with its DWARF, as pyelftools reads it.

The debugging information may lie in the file itself or in its debug file (by build id or link). No
more of it is read than is asked for: a function's unit is found by its address where the file has
an index of addresses.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from aotrace.compiler.kernel.errors import KernelDataError
from aotrace.runtime.debugfiles import candidates

FUNCTION = "DW_TAG_subprogram"

#: What else comes of reading where nothing is.
_DAMAGE = (
    LookupError, ValueError, TypeError, AttributeError, AssertionError, RuntimeError, OSError,
    ArithmeticError,
)  # fmt: skip

Die = Any  # elftools.dwarf.die.DIE; pyelftools has no types


class DwarfError(KernelDataError):
    """The file has no debugging information, or none that can be used."""


@contextmanager
def reading(path: str) -> Iterator[None]:
    """Damaged debugging information makes pyelftools raise almost anything. Raises DwarfError."""
    from elftools.common.exceptions import DWARFError, ELFError
    from elftools.construct.core import ConstructError

    try:
        yield
    except DwarfError:
        raise
    except (DWARFError, ELFError, ConstructError, *_DAMAGE) as error:
        hint = f"reading it failed: {error or type(error).__name__}"
        raise DwarfError(f"the DWARF of {path} is damaged, or of a kind not known", hint) from None


class Dwarf:
    """What a file's debugging information tells. Raises DwarfError."""

    def __init__(self, path: str) -> None:
        from elftools.common.exceptions import ELFError
        from elftools.elf.elffile import ELFFile

        self.path = path
        try:
            self._elf = ELFFile(open(path, "rb"))  # noqa: SIM115  # read as long as this lives
        except OSError as error:
            raise DwarfError(f"cannot read {path}: {error.strerror}") from None
        except ELFError:
            raise DwarfError(f"{path} is not an ELF file, or a damaged one") from None
        self.build_id = build_id(self._elf)
        with reading(path):
            self._debug = self._with_info()
            self._info = self._debug.get_dwarf_info()
        self._units: list[Any] | None = None

    @property
    def machine(self) -> str:
        return {"EM_X86_64": "x86_64", "EM_AARCH64": "aarch64"}.get(self._elf["e_machine"], "")

    def _with_info(self) -> Any:
        """The ELF file that has .debug_info: the file itself, or its debug file."""
        from elftools.elf.elffile import ELFFile

        if _has_info(self._elf):
            return self._elf
        for path in debug_files(self._elf, self.path):
            if os.path.isfile(path):
                found = ELFFile(open(path, "rb"))  # noqa: SIM115
                if _has_info(found) and build_id(found) == self.build_id:
                    return found
        raise DwarfError(
            f"{self.path} has no DWARF", "build it with -g, or install its debug symbols"
        )

    # --- units

    @property
    def units(self) -> list[Any]:
        """The compilation units, in the order of the file."""
        if self._units is None:
            self._units = list(self._info.iter_CUs())
        return self._units

    def lines(self, unit: Any) -> Any:
        """The line program of a unit; None where it has none."""
        return self._info.line_program_for_CU(unit)

    def symbol(self, name: str) -> int | None:
        """The address of a function by the symbol tables of both files."""
        for elf in (self._elf, self._debug):
            for found in symbols_named(elf, name):
                if found["st_value"]:
                    return int(found["st_value"])
        return None

    # --- functions

    def function(self, name: str) -> Die | None:
        """The definition of a function by its name, or by the name of its symbol."""
        with reading(self.path):
            address = self.symbol(name)
            if address is not None:
                for die in self._functions(self._unit_at(address)):
                    if address in self._starts(die):
                        return die
            return next((die for die in self._functions() if _is_called(die, name)), None)

    def _unit_at(self, address: int) -> Any:
        aranges = self._info.get_aranges()
        offset = aranges.cu_offset_at_addr(address) if aranges else None
        return None if offset is None else self._info.get_CU_at(offset)

    def _functions(self, unit: Any = None) -> Iterator[Die]:
        """Functions with code, of one unit or of all."""
        for each in [unit] if unit else self.units:
            for die in _within(each.get_top_DIE()):
                if die.tag == FUNCTION and not _CODE.isdisjoint(die.attributes):
                    yield die

    def _starts(self, die: Die) -> Iterator[int]:
        """Where a function's code begins: an optimised one has parts, the entry in one of them."""
        low = die.attributes.get("DW_AT_low_pc")
        if low is not None:
            yield int(low.value)
            return
        lists = self._info.range_lists()
        unit = die.cu.get_top_DIE().attributes.get("DW_AT_low_pc")
        base = int(unit.value) if unit else 0
        for entry in lists.get_range_list_at_offset(die.attributes["DW_AT_ranges"].value, die.cu):
            if hasattr(entry, "base_address"):
                base = int(entry.base_address)
            else:
                yield int(entry.begin_offset) + (0 if entry.is_absolute else base)

    def named(self, tags: frozenset[str], name: str) -> Die | None:
        """The definition of a type; the declaration where there is no definition."""
        declared, wanted = None, name.encode()
        with reading(self.path):
            for unit in self._mentioning(wanted):
                for die in unit.get_top_DIE().iter_children():
                    if die.tag in tags and _name(die) == wanted:
                        if "DW_AT_declaration" not in die.attributes:
                            return die
                        declared = declared or die
            return declared

    def _mentioning(self, name: bytes) -> Iterator[Any]:
        """The units in whose bytes a name may stand: to look in vain through all takes seconds."""
        info, strings = (
            section.stream.getvalue() if section else b""
            for section in (self._info.debug_info_sec, self._info.debug_str_sec)
        )
        texts = [struct.pack("<I", at) for at in _places(strings, name + b"\0")]
        patterns = [*texts, name + b"\0"]
        by_index = self._info.debug_str_offsets_sec is not None  # then no place stands in the unit
        for unit in self.units:
            data = info[unit.cu_offset : unit.cu_offset + unit.size]
            if by_index or any(pattern in data for pattern in patterns):
                yield unit


def attribute(die: Die, name: str) -> Any:
    """An attribute's value, from what the entry stands for as well; None where there is none."""
    holder = _holder(die, name)
    return holder.attributes[name].value if holder else None


def name_of(die: Die) -> str:
    """The entry's name; "" where it has none."""
    found = attribute(die, "DW_AT_name")
    return found.decode(errors="replace") if found else ""


def referred(die: Die, name: str = "DW_AT_type") -> Die | None:
    """The entry that an attribute refers to."""
    holder = _holder(die, name)
    return holder.get_DIE_from_attribute(name) if holder else None


def _holder(die: Die, name: str) -> Die | None:
    """The entry itself or one that it stands for: the first that has the attribute."""
    for _ in range(_LINKS):
        if name in die.attributes:
            return die
        link = next((link for link in _STANDS_FOR if link in die.attributes), None)
        if link is None:
            return None
        die = die.get_DIE_from_attribute(link)
    return None


def _within(die: Die) -> Iterator[Die]:
    """What stands in a unit, in namespaces and classes too."""
    for child in die.iter_children():
        yield child
        if child.tag in _SCOPES:
            yield from _within(child)


_CODE = frozenset(("DW_AT_low_pc", "DW_AT_ranges"))
#: By what an entry refers to one that it stands for, and how many of them are followed.
_STANDS_FOR, _LINKS = ("DW_AT_abstract_origin", "DW_AT_specification"), 4
_SCOPES = frozenset((
    "DW_TAG_namespace", "DW_TAG_structure_type", "DW_TAG_class_type", "DW_TAG_module",
))  # fmt: skip


def _name(die: Die) -> bytes:
    found = die.attributes.get("DW_AT_name")
    return found.value if found else b""


def _places(data: bytes, wanted: bytes) -> Iterator[int]:
    at = data.find(wanted)
    while at >= 0:
        yield at
        at = data.find(wanted, at + 1)


def _is_called(die: Die, name: str) -> bool:
    linkage = attribute(die, "DW_AT_linkage_name")
    return name in (name_of(die), linkage.decode(errors="replace") if linkage else "")


def _has_info(elf: Any) -> bool:
    found = elf.get_section_by_name(".debug_info") or elf.get_section_by_name(".zdebug_info")
    return found is not None and found["sh_type"] != "SHT_NOBITS"


def symbols_named(elf: Any, name: str) -> Iterator[Any]:
    """The symbols of that name that an ELF file defines."""
    from elftools.elf.sections import SymbolTableSection

    for table in (".symtab", ".dynsym"):
        section = elf.get_section_by_name(table)
        if isinstance(section, SymbolTableSection):  # a debug file may have its header alone
            for found in map(section.get_symbol, _numbers_of(section, name)):
                if found["st_shndx"] != "SHN_UNDEF":
                    yield found


def _numbers_of(table: Any, name: str) -> Iterator[int]:
    """The numbers of a table's symbols of that name: of a hundred thousand, few are parsed."""
    strings, wanted = table.stringtable.data(), name.encode("utf-8", "surrogateescape") + b"\0"
    places, at = set(), strings.find(wanted)
    while at >= 0:
        places.add(at)
        at = strings.find(wanted, at + 1)
    step, data = table["sh_entsize"], table.data()
    words = memoryview(data[: len(data) // step * step]).cast("I")
    for number, place in enumerate(words[:: step // 4].tolist()):  # a symbol begins with its name's
        if place in places:
            yield number


def debug_files(elf: Any, path: str) -> Iterator[str]:
    """Where the debug file of an ELF file may lie."""
    link = elf.get_section_by_name(".gnu_debuglink")
    return candidates(path, build_id(elf) or "", link.data() if link else b"")


def build_id(elf: Any) -> str:
    section = elf.get_section_by_name(".note.gnu.build-id")
    if section is None or section["sh_type"] == "SHT_NOBITS":
        return ""
    return next((str(note["n_desc"]) for note in section.iter_notes()), "")
