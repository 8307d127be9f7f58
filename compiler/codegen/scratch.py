"""Slots that are too large for the stack: regions of a per-CPU map.

The map has an entry for each function, so that a program that interrupts another one on its CPU
does not write over the other's.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from aotrace.compiler.codegen.errors import CodegenError
from aotrace.runtime.layout import align_up
from llvmlite import ir

if TYPE_CHECKING:
    from aotrace.compiler.codegen.function import FunctionBuilder

MAX_BYTES = 1 << 15  # of a per-CPU map's value (kernel: PCPU_MIN_UNIT_SIZE)
_I8, _I32, _I64 = ir.IntType(8), ir.IntType(32), ir.IntType(64)


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
        if self._size > MAX_BYTES:
            raise CodegenError(
                f"this probe needs {self._size} bytes of memory, and a CPU has {MAX_BYTES} for it",
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
        builder.store(_I32(self._number), key)
        return self._function.helper("map_lookup_elem", self._function.module.scratch, key)

    def _address(self, offset: int) -> Any:
        return self._function.ir.gep(self.base, [_I64(offset)], source_etype=_I8)
