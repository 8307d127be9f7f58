"""The finished object: what LLVM wrote, with CO-RE relocations, local types and metadata.

The file is laid out anew with only what libbpf, bpftool and debuggers of BPF have a use for.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Sequence

from aotrace.compiler.codegen.core import Access, Fixups, RelocKind
from aotrace.compiler.codegen.corehost import host_value
from aotrace.compiler.objfile import elf as elf_file
from aotrace.compiler.objfile.btf import BtfAppender
from aotrace.compiler.objfile.btfext import CoreRecord, add_core_records
from aotrace.compiler.objfile.elf import SHF_ALLOC, SHT_STRTAB, Elf, Section
from aotrace.compiler.objfile.errors import ObjectError
from aotrace.compiler.objfile.external import link
from aotrace.compiler.objfile.instructions import (
    Use,
    find_uses,
    is_core_symbol,
    mark_members,
    patch,
)
from aotrace.compiler.objfile.localtypes import LocalTypes
from aotrace.runtime.metadata import SECTION

_RODATA, _BTF, _BTF_EXT = ".rodata", ".BTF", ".BTF.ext"
_STV_HIDDEN = 2
_TYPE_IDS = (RelocKind.TYPE_ID_LOCAL, RelocKind.TYPE_ID_TARGET)


def finish(
    object_bytes: bytes, fixups: Fixups, metadata: Callable[[dict[str, int]], bytes],
    objects: Sequence[bytes] = (),
) -> bytes:  # fmt: skip
    """The object to be written to disk.

    metadata: given each setting's byte offset in .rodata, the contents of the metadata's section.
    objects: to be linked with it. Raises ObjectError when LLVM's object is not what it should be,
    ExternalError when it cannot be linked.
    """
    elf = elf_file.read(object_bytes)
    _relocate(elf, fixups)
    _drop_needless(elf, bool(objects), fixups.foreign)
    if objects:
        elf = elf_file.read(link(elf_file.write(elf), objects))
    elf.sections.append(_metadata_section(metadata(setting_offsets(elf, fixups))))
    return elf_file.write(elf)


def setting_offsets(elf: Elf, fixups: Fixups) -> dict[str, int]:
    """Where in .rodata each setting lies, by the loader's name of it."""
    places = {s.name: s for s in elf.symbols if s.section and s.section.name == _RODATA}
    missing = [name for name, symbol in fixups.settings.items() if symbol not in places]
    if missing:
        raise ObjectError(f"LLVM dropped the settings {', '.join(missing)}")
    return {name: places[symbol].value for name, symbol in fixups.settings.items()}


def _relocate(elf: Elf, fixups: Fixups) -> None:
    """Turn every use of a relocatable value into a record, and its operand into the host's."""
    uses = {s.name: (s, find_uses(elf, s, fixups)) for s in elf.sections if s.executable}
    btf = BtfAppender(bytes(elf.section(_BTF).data))
    types = LocalTypes(btf, [use.access for _, found in uses.values() for use in found])
    records: dict[int, list[CoreRecord]] = {}
    for name, (section, found) in uses.items():
        section.relocations = [r for r in section.relocations if not is_core_symbol(r.symbol)]
        mark_members(section)
        for use in found:
            patch(section, use, _local_value(use.access, types))
            records.setdefault(btf.string(name), []).append(_record(use, btf, types))
    ext = elf.section(_BTF_EXT)
    _replace(ext, add_core_records(bytes(ext.data), records))
    _replace(elf.section(_BTF), btf.raw())


def _local_value(access: Access, types: LocalTypes) -> int:
    return types.root(access) if access.kind in _TYPE_IDS else host_value(access)


def _record(use: Use, btf: BtfAppender, types: LocalTypes) -> CoreRecord:
    spec = btf.string(types.spec(use.access))
    return CoreRecord(use.offset, types.root(use.access), spec, use.access.kind)


def _replace(section: Section, data: bytes) -> None:
    section.data = bytearray(data)
    section.size = len(data)
    section.relocations = []  # LLVM's are for its own linker; libbpf reads the values in place


def _drop_needless(elf: Elf, linked: bool, foreign: Container[str]) -> None:
    """Leave out DWARF, empty sections, labels within functions, and what nothing refers to.

    linked: what is undefined is another object's, and hidden: so libbpf takes the function for a
    static one, which the verifier follows from its caller with all that is known there. foreign:
    undefined symbols that libbpf finds in the kernel.
    """
    elf.sections = [s for s in elf.sections if _is_needed(s)]
    kept = {id(section) for section in elf.sections}
    named = {id(r.symbol) for section in elf.sections for r in section.relocations}
    kinds = (elf_file.STT_OBJECT, elf_file.STT_FUNC)
    elf.symbols = [
        symbol
        for symbol in elf.symbols
        if id(symbol) in named or (symbol.type in kinds and id(symbol.section) in kept)
    ]
    for symbol in elf.symbols:
        if linked and symbol.section is None and symbol.name not in foreign:
            symbol.other = _STV_HIDDEN
    if not linked:
        _refuse_undefined(elf, named, foreign)


def _is_needed(section: Section) -> bool:
    loaded = section.flags & SHF_ALLOC and section.size and section.name != ".eh_frame"
    return bool(loaded) or section.name in (_BTF, _BTF_EXT)


def _refuse_undefined(elf: Elf, named: set[int], foreign: Container[str]) -> None:
    for symbol in elf.symbols:
        if symbol.section is None and id(symbol) in named and symbol.name not in foreign:
            raise ObjectError(f"LLVM left `{symbol.name}` undefined")


def _metadata_section(data: bytes) -> Section:
    """libbpf passes over string tables in silence, and tells of any other section unknown to it
    (ignore_elf_section)."""
    return Section(SECTION, SHT_STRTAB, 0, 1, bytearray(data), len(data))
