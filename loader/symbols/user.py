"""The symbols of processes.

An address means something in one process at one time. So a process's mappings are read when a first
address of it arrives, and an address that they do not hold makes them be read again (a library was
loaded, another program executed). Where an address lies (in which file, at which place) is kept
for as long as it may be shown; what it is called is looked up when it is.
"""

from __future__ import annotations

from aotrace.loader.symbols import mappings
from aotrace.loader.symbols.modules import Modules
from aotrace.loader.symbols.perfmap import PerfMap

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Union

    from aotrace.loader.services import Services
    from aotrace.loader.symbols.mappings import Mappings
    from aotrace.loader.symbols.modules import Module
    from aotrace.loader.symbols.traced import Traced
    from aotrace.runtime.values.symbols import Frame

    #: Where an address lies: in a file, or in code that was made at run time.
    Place = Union["tuple[Module, int]", Frame]

PER_PID, PER_PROGRAM, NONE = "per_pid", "per_program", "none"
_PROCESSES = 4096  # whose mappings are kept


class UserSymbols:
    """Symbols of any process. `cache` is the script's config variable cache_user_symbols."""

    def __init__(
        self, modules: Modules, cache: str = PER_PID, traced: Traced | None = None
    ) -> None:
        self._modules = modules
        self._traced = traced
        self._cache = cache
        self._mappings: dict[object, Mappings] = {}
        self._perf_maps: dict[int, PerfMap] = {}

    def frames(self, pid: int, address: int, detailed: bool = False) -> list[Frame]:
        """What an address is called now; nothing where it has no name."""
        return named(self.locate(pid, address))

    def locate(self, pid: int, address: int) -> Place | None:
        """Where an address of a process lies; None where that cannot be told."""
        key = self._key(pid)
        known = self._mappings.get(key) if self._cache != NONE else None
        found = known.at(address) if known else None
        if found is None:
            known = mappings.read(pid)
            if known is None:
                return self._of_the_gone(address)
            self._keep(key, known)
            found = known.at(address)
        if found is None:
            return None
        if not found.path or found.path.startswith("//"):
            return self._made(pid, address)
        module = self._modules.open(pid, found)
        place = module.address(address - found.start + found.offset) if module else None
        return (module, place) if module and place is not None else self._made(pid, address)

    def _of_the_gone(self, address: int) -> Place | None:
        """Of a process that cannot be asked any more."""
        from aotrace.runtime.values.symbols import Frame

        name = self._traced.name(address) if self._traced else None
        return Frame(name, 0) if name else None

    def _made(self, pid: int, address: int) -> Place | None:
        """Of code that was compiled at run time, what its compiler says."""
        from aotrace.runtime.values.symbols import Frame

        if pid not in self._perf_maps:
            self._perf_maps[pid] = PerfMap(pid)
        found = self._perf_maps[pid].at(address)
        return Frame(*found, f"/tmp/perf-{pid}.map") if found else None

    def _key(self, pid: int) -> object:
        """What mappings are kept by: the process, or the program that it executes."""
        import os

        if self._cache != PER_PROGRAM:
            return pid
        try:
            return os.readlink(f"/proc/{pid}/exe")
        except OSError:
            return pid

    def _keep(self, key: object, known: Mappings) -> None:
        if key not in self._mappings and len(self._mappings) >= _PROCESSES:
            del self._mappings[next(iter(self._mappings))]
        self._mappings[key] = known


def named(place: Place | None) -> list[Frame]:
    """The names of a place."""
    if place is None:
        return []
    if isinstance(place, tuple):
        module, address = place
        return module.frames(address)
    return [place]


def open_user_symbols(services: Services) -> UserSymbols:
    from aotrace.loader.symbols.demangle import Names

    config = services.run.meta.config
    names = Names(bool(config.get("cpp_demangle", True)))
    from aotrace.loader.symbols.traced import Traced

    cache = config.get("cache_user_symbols") or PER_PID
    lines = bool(config.get("show_debug_info", False))
    return UserSymbols(Modules(names, lines), cache, Traced(services.run))
