"""What can be traced in files of user space: functions, static probes."""

from __future__ import annotations

from contextlib import suppress

from aotrace.loader import places
from aotrace.loader.binary import Binary
from aotrace.loader.elf import processes
from aotrace.loader.errors import LoaderError, PlaceError
from aotrace.loader.listing.pattern import is_wild
from aotrace.runtime import binaries

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from aotrace.loader.listing.kinds import Query


_NO_BINARY = (PlaceError,)  # a file that a wildcard found may be anything


def functions(query: Query) -> Iterator[str]:
    """PATH:FUNCTION of each function in the files of a search. Raises LoaderError."""
    for path, binary in _binaries(query):
        for symbol in binary.symbols.functions():
            yield f"{path}:{symbol.name}"


def static_probes(query: Query) -> Iterator[str]:
    """PATH:PROVIDER:NAME of each static probe in them. Raises LoaderError."""
    from aotrace.loader.elf import usdt

    for path, binary in _binaries(query):
        for site in usdt.sites(binary.elf):
            yield f"{path}:{site.provider}:{site.name}"


def _binaries(query: Query) -> Iterator[tuple[str, Binary]]:
    """The files that a search names, or whose code its process executes."""
    wanted = query.words[0] if len(query.words) > 1 else "*"
    several = wanted in ("", "*") or is_wild(wanted)
    try:
        for path in _paths(wanted, query.pid):
            with suppress(*(_NO_BINARY if several else ())), Binary(path) as binary:
                yield path, binary
    except PlaceError as error:
        raise LoaderError(str(error), error.hint) from None


def _paths(wanted: str, pid: int) -> list[str]:
    if pid and wanted in ("", "*"):
        return [processes.root(pid) + path for path in processes.mapped(pid)]
    wanted = wanted or "*"  # any program of $PATH
    return binaries.expand(wanted) if is_wild(wanted) else [places.path_of(wanted, pid)]
