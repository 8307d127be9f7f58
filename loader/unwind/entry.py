"""A command run up to its own first instruction: by then its libraries are where they will be."""

from __future__ import annotations

import os
import struct

from aotrace.loader.child import Child, Process
from aotrace.loader.errors import StartError
from aotrace.loader.libbpf.lib import BpfError
from aotrace.loader.libbpf.ptrace import Traced

TYPE_CHECKING = False
if TYPE_CHECKING:
    from aotrace.loader.libbpf.lib import Libbpf

_AT_ENTRY, _SIGKILL = 9, 9
_PAIR = struct.Struct("<QQ")


class AtEntry(Process):
    """A command that has been executed and waits to be started; the child is still to be closed."""

    def __init__(self, child: Child, lib: Libbpf) -> None:
        """Raises StartError."""
        super().__init__(child.pid, child.pidfd)
        self._waits = True
        try:
            self._traced = Traced(lib, child.pid)
            child.start()
            reached = self._traced.wait() and self._traced.run_to(_entry(child.pid))
        except (BpfError, OSError) as error:
            hint = "start it yourself, and name it with -p"
            raise StartError(f"the command cannot be run to its entry: {error}", hint) from None
        if not reached:
            raise StartError("the command ended before it reached its entry", "see -c")

    def start(self) -> None:
        self._traced.let_go()
        self._waits = False

    def close(self) -> None:
        """What never started must not begin to run."""
        if self._waits:
            os.kill(self.pid, _SIGKILL)


def _entry(pid: int) -> int:
    """Where the program begins, as the kernel tells it (getauxval(3))."""
    with open(f"/proc/{pid}/auxv", "rb") as file:
        known: dict[int, int] = dict(_PAIR.iter_unpack(file.read()))
    return known.get(_AT_ENTRY, 0)
