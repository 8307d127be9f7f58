"""Symbols of a traced file by their names: how many bytes each has."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from aotrace.compiler.binaries.dwarf import (
    DwarfError,
    build_id,
    debug_files,
    reading,
    symbols_named,
)
from aotrace.runtime import binaries

_KINDS = frozenset(("STT_OBJECT", "STT_FUNC", "STT_LOOS"))  # the last: STT_GNU_IFUNC


def size_of(binary: str, name: str) -> int:
    """The bytes of a symbol of a file, 0: it does not say. Raises DwarfError."""
    path = binaries.find(binary)
    if not path:
        raise DwarfError(
            f"there is no file {binary} on this machine",
            "the sizes of its variables are read where the script is compiled",
        )
    try:
        return _size_of(path, name, os.stat(path).st_mtime_ns)
    except OSError as error:
        raise DwarfError(f"cannot read {path}: {error.strerror}") from None


def has_symbol(path: str, name: str) -> bool:
    """Whether a file has such a symbol; with no name, whether its symbols can be read."""
    try:
        return bool(_all_of(path, name)) or not name
    except (DwarfError, OSError):
        return False


@lru_cache(maxsize=256)
def _size_of(path: str, name: str, _changed: int) -> int:
    found = _all_of(path, name)
    if not found:
        raise DwarfError(f"{path} has no symbol {name}")
    if len(found) > 1:
        raise DwarfError(f"{path} has {len(found)} symbols {name}", "rename one of them")
    return max(found.values())


def _all_of(path: str, name: str) -> dict[int, int]:
    """Sizes by address. Raises DwarfError and OSError."""
    from elftools.elf.elffile import ELFFile

    with reading(path), open(path, "rb") as file:
        return dict(_found(ELFFile(file), path, name))


def _found(elf: Any, path: str, name: str) -> Iterator[tuple[int, int]]:
    """(address, size) of each symbol of that name, in the file or else in its debug file."""
    from elftools.elf.elffile import ELFFile

    yield from _defined(elf, name)
    if elf.get_section_by_name(".symtab"):
        return
    for extra in debug_files(elf, path):
        if os.path.isfile(extra):
            with open(extra, "rb") as file:
                if build_id(found := ELFFile(file)) == build_id(elf):
                    yield from _defined(found, name)


def _defined(elf: Any, name: str) -> Iterator[tuple[int, int]]:
    for symbol in symbols_named(elf, name):
        if symbol["st_info"]["type"] in _KINDS:
            yield int(symbol["st_value"]), int(symbol["st_size"])
