"""Which files of this machine a script means, and which places in them (loader/binary.py).

What is wrong with that is said by PlaceError, before the kernel is asked.
"""

from __future__ import annotations

import os

from aotrace.loader.binary import Binary
from aotrace.loader.elf import processes
from aotrace.loader.errors import PlaceError
from aotrace.runtime import binaries
from aotrace.runtime.members import is_wild

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any, TypeVar

    from aotrace.loader.binary import Place, Site

    T = TypeVar("T")
    Target = dict[str, Any]


def path_of(binary: str, pid: int) -> str:
    """The file that a script means. Raises PlaceError."""
    if not binary:
        return _own(pid)
    root = processes.root(pid)
    search = processes.search_path(pid) if root else None
    found = _loaded(binary, pid) or binaries.find(binary, root, search)
    if not found:
        where = f" in the files of process {pid}" if root else ""
        raise PlaceError(f"there is no file {binary}{where}", _advice(binary))
    return found


def _own(pid: int) -> str:
    """The executable of the process that is traced."""
    if not pid:
        raise PlaceError("the attach point names no file", "name it, or a process: -p PID")
    path = processes.executable(pid)
    if not path:
        raise PlaceError(f"process {pid} has no executable that can be read")
    return processes.root(pid) + path


def _loaded(library: str, pid: int) -> str:
    """A library by its name alone is the one that the traced process has loaded."""
    if not pid or "/" in library or not library.startswith("lib"):
        return ""
    for path in processes.mapped(pid):
        name = os.path.basename(path)
        if name == library or name.startswith((f"{library}.so", f"{library}-")):
            return processes.root(pid) + path
    return ""


def _advice(binary: str) -> str:
    if "/" in binary:
        return ""
    if binary.startswith("lib"):
        return "neither ld.so's cache nor $PATH has it: give its path"
    return "it is not in the folders of $PATH: give its path"


def matching(target: Target, pid: int) -> Iterator[tuple[str, Place]]:
    """(path, place) of each function that an attach point with wildcards stands for; also of the
    one that it names. Raises PlaceError where a file that it names is no such."""
    wild = is_wild(target["binary"])
    for path in _paths(target["binary"], pid):
        for place in _found_in(path, wild, lambda binary: binary.places(target)):
            yield path, place


def static_probes(target: Target, pid: int) -> Iterator[tuple[str, Site]]:
    """(path, site) of all sites of the static probes that an attach point means."""
    binary = target["binary"] or ("*" if pid else "")
    wild = is_wild(binary)
    for path in _every_file() if binary == "*" and not pid else _paths(binary, pid):
        for site in _found_in(path, wild, lambda binary: binary.sites(target)):
            yield path, site


def _found_in(path: str, wild: bool, find: Callable[[Binary], list[T]]) -> list[T]:
    """What a file has; a file that a wildcard found may be anything."""
    try:
        with Binary(path) as binary:
            return find(binary)
    except PlaceError:
        if wild:
            return []
        raise


def _paths(binary: str, pid: int) -> list[str]:
    """The files that an attach point means."""
    if not is_wild(binary):
        return [path_of(binary, pid)]
    root = processes.root(pid)
    if binary == "*" and pid:
        return [root + path for path in processes.mapped(pid)]
    return binaries.expand(binary, root, processes.search_path(pid) if root else None)


def _every_file() -> Iterator[str]:
    """The files whose code any process executes, each once."""
    seen = set()
    for pid in processes.running():
        root = processes.root(pid)
        for path in processes.mapped(pid):
            try:
                found = os.stat(root + path)
            except OSError:
                continue
            if (found.st_dev, found.st_ino) not in seen:
                seen.add((found.st_dev, found.st_ino))
                yield root + path
