"""Where symbols of executables lie, for scripts that ask by uaddr() (runtime/executables.py)."""

from __future__ import annotations

import struct

from aotrace.loader.binary import Binary
from aotrace.loader.elf.file import EXECUTABLE, EXECUTES, LOAD, ElfError
from aotrace.loader.errors import LoaderError, PlaceError
from aotrace.loader.places import path_of
from aotrace.runtime import executables

TYPE_CHECKING = False
if TYPE_CHECKING:
    from aotrace.loader.elf.file import ElfFile

_FLAGS_1 = 0x6FFFFFFB  # DT_FLAGS_1
_ENTRIES = {64: struct.Struct("<QQ"), 32: struct.Struct("<II")}
_HINT = "uaddr() in the script asks for it"


def distance(name: str, pid: int) -> int:
    """From where the code of its executable ends to a symbol. Raises LoaderError."""
    size, symbol, file = executables.parts(name)
    try:
        with Binary(path_of(file, pid)) as binary:
            return _address(binary, symbol, size) - _end_of_code(binary.elf)
    except PlaceError as error:
        raise LoaderError(str(error), error.hint or _HINT) from None
    except ElfError as error:
        raise LoaderError(str(error), _HINT) from None


def _address(binary: Binary, name: str, size: int) -> int:
    if not _is_executable(binary.elf):
        raise PlaceError(
            f"{binary.path} {executables.NO_EXECUTABLE[0]}", executables.NO_EXECUTABLE[1]
        )
    found = binary.symbols.find(name)
    if not found:
        raise PlaceError(f"{binary.path} has no symbol {name}")
    if len(found) > 1:
        raise PlaceError(f"{binary.path} has {len(found)} symbols {name}")
    if found[0].size != size:
        raise PlaceError(
            f"{name} has {found[0].size} bytes in {binary.path}, and not {size}",
            "compile the script where this file is",
        )
    return found[0].address


def _end_of_code(elf: ElfFile) -> int:
    """As the kernel counts mm_struct.end_code (fs/binfmt_elf.c), before it moves the file."""
    return max(
        (s.address + s.file_size for s in elf.segments if s.kind == LOAD and s.flags & EXECUTES),
        default=0,
    )


def _is_executable(elf: ElfFile) -> bool:
    if elf.kind == EXECUTABLE:
        return True
    section = elf.section(".dynamic")
    layout = _ENTRIES[elf.bits]
    data = elf.data(section) if section else b""
    whole = data[: len(data) // layout.size * layout.size]
    return any(
        tag == _FLAGS_1 and value & executables.PIE for tag, value in layout.iter_unpack(whole)
    )
