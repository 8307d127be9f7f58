"""Where traced files have their symbols, for scripts that ask by uaddr() (runtime/variables.py)."""

from __future__ import annotations

from aotrace.loader.binary import Binary
from aotrace.loader.elf.file import ElfError
from aotrace.loader.errors import LoaderError, PlaceError
from aotrace.loader.places import path_of
from aotrace.runtime import variables

_HINT = "uaddr() in the script asks for it"


def address(name: str, pid: int) -> int:
    """The address that its file gives a symbol. Raises LoaderError."""
    size, symbol, file = variables.parts(name)
    try:
        with Binary(path_of(file, pid)) as binary:
            return _address(binary, symbol, size)
    except PlaceError as error:
        raise LoaderError(str(error), error.hint or _HINT) from None
    except ElfError as error:
        raise LoaderError(str(error), _HINT) from None


def _address(binary: Binary, name: str, size: int) -> int:
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
