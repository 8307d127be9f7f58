"""ptrace(2), as far as it takes to run a process up to an address. x86-64 alone."""

from __future__ import annotations

import ctypes
import os

from aotrace.loader.libbpf.lib import BpfError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from aotrace.loader.libbpf.lib import Libbpf

_CONT, _GETREGS, _SETREGS, _DETACH, _SEIZE = 7, 12, 13, 17, 0x4206
_TRACE_EXEC, _EXITKILL = 1 << 4, 1 << 20  # PTRACE_O_…
_REGISTERS, _INSTRUCTION = 27, 16  # words of struct user_regs_struct, and which of them is rip
_BREAKPOINT = b"\xcc"  # int3


class Traced:
    """A process that this one traces; whatever it does, it stops before it goes on."""

    def __init__(self, lib: Libbpf, pid: int) -> None:
        """Raises BpfError. The next exec of the process stops it."""
        self.pid = pid
        self._libc = lib.libc
        self._ask(_SEIZE, _TRACE_EXEC | _EXITKILL)

    def _ask(self, request: int, data: object = 0) -> None:
        word = ctypes.c_void_p(data) if isinstance(data, int) else data
        libc, pid = self._libc, ctypes.c_long(self.pid)
        if libc.ptrace(ctypes.c_long(request), pid, ctypes.c_void_p(0), word) < 0:
            raise BpfError("ptrace", ctypes.get_errno())

    def wait(self) -> bool:
        """Until it stops; False: it has ended."""
        _, status = os.waitpid(self.pid, 0)
        return os.WIFSTOPPED(status)

    def run_to(self, address: int) -> bool:
        """Let it run up to an instruction, which it has yet to do then; False: it has ended."""
        with open(f"/proc/{self.pid}/mem", "r+b", buffering=0) as memory:
            memory.seek(address)
            code = memory.read(len(_BREAKPOINT))
            memory.seek(address)
            memory.write(_BREAKPOINT)
            self._ask(_CONT)
            if not self.wait():
                return False
            memory.seek(address)
            memory.write(code)
        registers = (ctypes.c_uint64 * _REGISTERS)()
        self._ask(_GETREGS, ctypes.byref(registers))
        registers[_INSTRUCTION] = address
        self._ask(_SETREGS, ctypes.byref(registers))
        return True

    def let_go(self) -> None:
        """It runs on by itself."""
        self._ask(_DETACH)
