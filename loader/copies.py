"""Copies of a loaded program, one for each member of its attach point.

They are needed where the kernel gives a program no cookie to tell its members apart, and where each
member needs a program of its own (fentry and fexit). libbpf keeps the instructions that it loaded;
the marker of the first member is changed in them (runtime/members.py).
"""

from __future__ import annotations

import os
import struct

from aotrace.loader.libbpf import syscall
from aotrace.runtime.members import MARK

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from aotrace.loader.libbpf.handles import Program
    from aotrace.loader.libbpf.lib import Libbpf

_INSN = struct.Struct("<BBhi")
_IMMEDIATE = struct.Struct("<I")
_LD_IMM64, _CALL = 0x18, 0x85
_TO_FUNCTION, _FUNCTION_ADDRESS = 1, 4  # BPF_PSEUDO_CALL of calls, BPF_PSEUDO_FUNC of addresses


class Types:
    """A type for each function of a loaded program, and the BTF that has them.

    The kernel wants them of functions that its helpers call back. btf: a file descriptor. None and
    0: the program is one function, or has no types.
    """

    def __init__(self, lib: Libbpf, program: Program, count: int) -> None:
        """count: of its functions."""
        self.btf, types = syscall.program_btf(lib, program.fd) if count > 1 else (0, [])
        self.of = _of_each(count, types)

    def close(self) -> None:
        if self.btf:
            os.close(self.btf)
            self.btf = 0


class Copier:
    """Loads copies of one program; their file descriptors are the caller's."""

    def __init__(self, lib: Libbpf, program: Program) -> None:
        self._lib = lib
        self._code = bytearray(program.code)
        self._marks = list(_marks(self._code))
        starts = functions(self._code)
        self._types = Types(lib, program, len(starts))
        self._functions = list(zip(starts, self._types.of))

    def load(self, number: int, how: syscall.Loading) -> int:
        """A copy for the member of that number. Raises BpfError."""
        how.btf, how.functions = self._types.btf, self._functions
        for at in self._marks:
            _IMMEDIATE.pack_into(self._code, at + 4, number)
        return syscall.load_program(self._lib, bytes(self._code), how)

    def close(self) -> None:
        self._types.close()


def _marks(code: bytearray) -> Iterator[int]:
    """Offsets of the markers."""
    at = 0
    while at < len(code):
        wide = code[at] == _LD_IMM64
        if wide and not code[at + 1] >> 4 and _IMMEDIATE.unpack_from(code, at + 12)[0] == MARK:
            yield at
        at += 16 if wide else 8


def functions(code: bytes | bytearray) -> list[int]:
    """The first instruction of each function, in order: targets of calls and addresses taken."""
    return sorted({0, *(target for _, target in references(code))})


def references(code: bytes | bytearray) -> Iterator[tuple[int, int]]:
    """(instruction, target) of each call of a function of the program, and each address of one."""
    at = 0
    while at < len(code):
        opcode, registers, _, immediate = _INSN.unpack_from(code, at)
        called = opcode == _CALL and registers >> 4 == _TO_FUNCTION
        taken = opcode == _LD_IMM64 and registers >> 4 == _FUNCTION_ADDRESS
        if called or taken:
            yield at // 8, at // 8 + 1 + immediate
        at += 16 if opcode == _LD_IMM64 else 8


def _of_each(count: int, types: list[int]) -> list[int]:
    """The kernel forgets functions that it found to be unreachable: where it has fewer types than
    there are functions, the last type, of a static function like all but the first, serves for all.
    """
    if len(types) < 2:
        return []
    return types if len(types) == count else [types[0]] + types[-1:] * (count - 1)
