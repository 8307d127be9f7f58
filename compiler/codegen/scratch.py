"""Slots that are too large for the stack: regions of a map.

The map has an entry for each function, so that a program that interrupts another one on its CPU
does not write over the other's. It is a per-CPU array, whose values the kernel limits; where a
function needs more, it is an array with an entry for each function on each CPU: as many as the
loader knows the target to have.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from aotrace.compiler.codegen.errors import CodegenError
from aotrace.runtime.layout import align_up
from aotrace.runtime.values import IntKind
from llvmlite import ir

if TYPE_CHECKING:
    from aotrace.compiler.codegen.function import FunctionBuilder

MAX_BYTES = 1 << 15  # of a per-CPU map's value (kernel: PCPU_MIN_UNIT_SIZE)
MAX_WIDE_BYTES = 1 << 21  # of an array's value: half of what the kernel allows (KMALLOC_MAX_SIZE)
CPUS_SETTING = "cpus"  # how many CPUs the target may have
_I8, _I32, _I64 = ir.IntType(8), ir.IntType(32), ir.IntType(64)


class ScratchFull(CodegenError):
    """A function needs more than a per-CPU map's value holds."""


class _Piece(NamedTuple):
    """Bytes of the entry."""

    start: int
    size: int


class Scratch:
    """One function's entry; `number` is its key. base: the entry's address once it is needed."""

    def __init__(self, function: FunctionBuilder, number: int) -> None:
        self._function = function
        self._number = number
        self._size = 0
        self._regions: dict[Any, int] = {}  # pointers -> their offsets
        self._free: list[_Piece] = []
        self._lent: list[list[_Piece]] = []  # by the statements that are being written
        self.base: Any = None

    @contextmanager
    def lending(self) -> Iterator[None]:
        """What is taken within, unless it is to last, may be taken again afterwards."""
        self._lent.append([])
        yield
        self._free += self._lent.pop()

    def region(self, size: int, lasting: bool) -> Any:
        """A pointer to `size` bytes. Raises CodegenError when a CPU has not so many."""
        piece = self._take(align_up(size, 8))
        with self._function.at_entry():
            if self.base is None:
                self.base = self._look_up()
            pointer = self._address(piece.start)
        self._regions[pointer] = piece.start
        if self._lent and not lasting:
            self._lent[-1].append(piece)
        return pointer

    def _take(self, size: int) -> _Piece:
        """The least free piece that is large enough, cut to size, or a new one."""
        fitting = [piece for piece in self._free if piece.size >= size]
        if not fitting:
            return self._grow(size)
        found = min(fitting, key=lambda piece: piece.size)
        self._free.remove(found)
        if found.size > size:
            self._free.append(_Piece(found.start + size, found.size - size))
        return _Piece(found.start, size)

    def _grow(self, size: int) -> _Piece:
        start, self._size = self._size, self._size + size
        wide = self._function.module.wide
        most = MAX_WIDE_BYTES if wide else MAX_BYTES
        if self._size > most:
            raise (CodegenError if wide else ScratchFull)(
                f"this probe needs {self._size} bytes of memory, and a CPU has {most} for it",
                "use fewer or shorter strings, or split the probe",
            )
        self._function.module.need_scratch(self._size)
        return _Piece(start, size)

    def sink(self) -> None:
        """Compute each region's address where it is used; once the function is written.

        A slot may be used anywhere, so that its pointer is made in the entry block; kept in a
        register from there to its use it would be spilled, and the stack is what it should save.
        """
        for block in self._function.function.blocks[1:]:
            for instruction in list(block.instructions):
                for operand in instruction.operands:
                    if isinstance(operand, ir.Instruction) and operand in self._regions:
                        self._sink_into(instruction, operand)

    def _sink_into(self, instruction: Any, pointer: Any) -> None:
        builder = self._function.ir
        builder.position_before(instruction)
        builder.debug_metadata = instruction.metadata.get("dbg")
        here = self._address(self._regions[pointer])
        instruction.replace_usage(pointer, here)
        if isinstance(instruction, ir.GEPInstr):
            instruction.pointer = here  # what it prints instead of its operand

    def _look_up(self) -> Any:
        builder = self._function.ir
        key = builder.alloca(_I32)
        key.type = ir.PointerType()
        builder.store(self._key(), key)
        return self._function.helper("map_lookup_elem", self._function.module.scratch, key)

    def _key(self) -> Any:
        function, builder = self._function, self._function.ir
        if not function.module.wide:
            return _I32(self._number)
        cpus = builder.load(function.module.setting(CPUS_SETTING, IntKind(8, False)), typ=_I64)
        first = builder.mul(cpus, _I64(self._number))
        key = builder.add(first, function.helper("get_smp_processor_id"))
        return builder.trunc(key, _I32)

    def _address(self, offset: int) -> Any:
        return self._function.ir.gep(self.base, [_I64(offset)], source_etype=_I8)
