"""Call stacks: from keys to the frames that the object's tables hold, and to their names."""

from __future__ import annotations

import struct

from aotrace.loader.symbols.user import named
from aotrace.runtime.values.stacks import COUNT_MASK, HEADER_SIZE, Stack

TYPE_CHECKING = False
if TYPE_CHECKING:
    from aotrace.loader.libbpf.handles import Map, Object
    from aotrace.loader.services import Services
    from aotrace.loader.symbols.kernel import KernelSymbols
    from aotrace.loader.symbols.user import Place, UserSymbols
    from aotrace.runtime.values.stacks import StackKind
    from aotrace.runtime.values.symbols import Frame

_PLACES = 1 << 17  # stacks of processes whose places are kept


class Stacks:
    """The stacks of one run. lazy: symbols are looked up when they are to be shown, and not when
    their stack is new."""

    def __init__(
        self, bpf: Object, kernel: KernelSymbols, user: UserSymbols, lazy: bool = True
    ) -> None:
        self._bpf = bpf
        self._kernel = kernel
        self._user = user
        self._lazy = lazy
        self._maps: dict[str, Map | None] = {}
        self._places: dict[tuple[str, int], list[Place | None]] = {}

    def find(self, kind: StackKind, key: int) -> Stack | None:
        """The frames of a stack; None where the table no longer has them."""
        table = self._table(kind.table)
        entry = table.lookup(struct.pack("<Q", key), kind.entry_size) if table else None
        if entry is None:
            return None
        pid = int.from_bytes(entry[:4], "little")
        end = HEADER_SIZE + (key & COUNT_MASK) * kind.frame_size
        return Stack(pid, entry[HEADER_SIZE:end])

    def note(self, kind: StackKind, key: int) -> None:
        """Take down where a new stack's addresses lie, as long as its process lives."""
        stack = self.find(kind, key)
        if stack is None:
            return
        places = self._locate(kind, key, stack.pid, stack.addresses)
        if not self._lazy:
            for place in places:
                named(place)

    def kernel(self, addresses: list[int]) -> list[list[Frame]]:
        """What addresses of the kernel are called."""
        return [self._kernel.frames(address, True) for address in addresses]

    def user(self, kind: StackKind, key: int, stack: Stack) -> list[list[Frame]]:
        """What the addresses of a process's stack are called."""
        places = self._places.get((kind.table, key))
        if places is None:
            places = self._locate(kind, key, stack.pid, stack.addresses)
        return [named(place) for place in places]

    def _locate(
        self, kind: StackKind, key: int, pid: int, addresses: list[int]
    ) -> list[Place | None]:
        places = [self._user.locate(pid, address) for address in addresses]
        if any(place is not None for place in places):
            if len(self._places) >= _PLACES:
                del self._places[next(iter(self._places))]
            self._places[kind.table, key] = places
        return places

    def _table(self, name: str) -> Map | None:
        if name not in self._maps:
            self._maps[name] = self._bpf.map(name)
        return self._maps[name]


def open_stacks(services: Services) -> Stacks:
    lazy = bool(services.run.meta.config.get("lazy_symbolication", True))
    return Stacks(
        services.run.bpf, services.find("kernel_symbols"), services.find("user_symbols"), lazy
    )
