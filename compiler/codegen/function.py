"""Writing one BPF function: LLVM's instruction builder with what is special about BPF.

Memory: a frame has 512 bytes in all, so that only small slots lie on the stack, the others in a
per-CPU map. LLVM's memcpy and memset end its BPF backend when they are large; `zero` and `copy`
unroll small sizes and call a helper for larger ones.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Any

from aotrace.compiler.codegen.core import (
    DIRECT_BASE,
    DIRECT_STEP,
    MAX_DIRECT_LOADS,
    PINNED_BASE,
    Access,
    CoreError,
)
from aotrace.compiler.codegen.debuginfo import Node
from aotrace.compiler.codegen.errors import CodegenError
from aotrace.compiler.codegen.helpers import Helper, Returns, find_helper
from aotrace.compiler.codegen.scratch import Scratch
from aotrace.compiler.source import Span
from aotrace.compiler.types import Space
from aotrace.runtime.layout import align_up
from llvmlite import ir

if TYPE_CHECKING:
    from aotrace.compiler.codegen.module import ModuleBuilder

I1, I8, I16, I32, I64 = (ir.IntType(bits) for bits in (1, 8, 16, 32, 64))
PTR = ir.PointerType()
VOID = ir.VoidType()
NULL = ir.Constant(PTR, None)

STACK_BUDGET = (
    300  # bytes of slots per frame; LLVM's spills and the callees' arguments need the rest
)
MAX_UNROLLED = 16  # loads and stores in a row before a helper call is smaller

_RESULTS = {Returns.INT: I64, Returns.POINTER: PTR, Returns.VOID: VOID}
_READERS = {
    Space.KERNEL: "probe_read_kernel",
    Space.NONE: "probe_read_kernel",
    Space.OPEN: "probe_read_kernel",
    Space.USER: "probe_read_user",
}


class _HelperAddress:
    """A helper as a callee: LLVM's BPF backend calls helper N for a call of address N."""

    def __init__(self, number: int, function_type: Any) -> None:
        self.number = number
        self.function_type = function_type
        self.type = PTR

    def get_reference(self) -> str:
        return f"inttoptr (i64 {self.number} to ptr)"


class _VolatileLoad(ir.LoadInstr):  # type: ignore[misc]  # llvmlite has no types
    """A load of which LLVM must not guess the result."""

    def descr(self, buf: list[str]) -> None:
        plain: list[str] = []
        super().descr(plain)
        buf.append("".join(plain).replace("load ", "load volatile ", 1))


class FunctionBuilder:
    """One function under construction.

    ir: llvmlite's IRBuilder, at the end of what was written so far. function: the ir.Function.
    params: its parameters; for a program the context alone. Everything lands in a block after
    the entry block, which is kept for slots.
    """

    def __init__(
        self, module: ModuleBuilder, function: Any, debug: Node, number: int, span: Span
    ) -> None:
        self.module = module
        self.function = function
        self.name: str = function.name
        self.params: tuple[Any, ...] = function.args
        self.direct_loads: list[Access] = []
        self._debug = debug
        self._stack = 0
        self._scratch = Scratch(self, number)
        self._entry = function.append_basic_block("entry")
        self._body = function.append_basic_block("body")
        self.ir: Any = ir.IRBuilder(self._body)
        self._span = span
        self._first_location = self._location(span)
        self.ir.debug_metadata = self._first_location

    @property
    def ctx(self) -> Any:
        """A program's context."""
        return self.params[0]

    # Places in the script

    def at(self, span: Span) -> AbstractContextManager[None]:
        """What follows comes from `span`; as a context manager, until the block ends."""
        previous = self.ir.debug_metadata, self._span
        self.ir.debug_metadata, self._span = self._location(span), span
        return self._restoring(*previous)

    @contextmanager
    def _restoring(self, location: Any, span: Span) -> Iterator[None]:
        yield
        self.ir.debug_metadata, self._span = location, span

    def _location(self, span: Span) -> Node:
        return self.module.debug.location(self._debug, span)

    # Memory

    def slot(self, size: int, align: int = 8, lasting: bool = False) -> Any:
        """A pointer to `size` bytes, not zeroed, that are the caller's until a `lending` ends.

        lasting: they are so until the function ends.
        """
        if size > self.module.on_stack_limit or self._stack + align_up(size, 8) > STACK_BUDGET:
            return self.region(size, lasting)
        return self.stack_slot(size, align)

    def lending(self) -> AbstractContextManager[None]:
        """Slots that are taken within may be given to others afterwards."""
        return self._scratch.lending()

    def stack_slot(self, size: int, align: int = 8) -> Any:
        """As slot(), on the stack whatever the size: pointers may be kept nowhere else."""
        self._stack += align_up(size, 8)
        with self.at_entry():
            slot = self.ir.alloca(ir.ArrayType(I8, size))
        slot.align = max(align, 8)
        slot.type = PTR
        return slot

    def region(self, size: int, lasting: bool = False) -> Any:
        """A slot off the stack, where the verifier before 5.12 takes no variable indexes."""
        with self._blamed():
            return self._scratch.region(size, lasting)

    def zero(self, pointer: Any, size: int) -> None:
        """Fill memory of the program's own with zeros."""
        chunks = list(_chunks(size, alignment(pointer)))
        if len(chunks) > MAX_UNROLLED:
            self.helper("probe_read_kernel", pointer, size, self.module.zeros(size))
            return
        for offset, width in chunks:
            self.ir.store(ir.IntType(width * 8)(0), self.offset(pointer, offset), align=width)

    def copy(self, dst: Any, src: Any, size: int, space: Space | None = None) -> Any:
        """Copy `size` bytes to memory of the program's own; 0 (i64) when they could be read.

        space None: `src` is the program's own memory too (a slot, a map's value, the context). In
        any other space it is read through a helper, which zeroes `dst` when it fails.
        """
        chunks = list(_chunks(size, min(alignment(dst), alignment(src))))
        if space is None and len(chunks) <= MAX_UNROLLED:
            for offset, width in chunks:
                value = self.load(self.offset(src, offset), width, align=width)
                self.ir.store(value, self.offset(dst, offset), align=width)
            return I64(0)
        return self.helper(_READERS[space or Space.KERNEL], dst, size, src)

    def load(self, pointer: Any, width: int, align: int | None = None) -> Any:
        """An integer of `width` bytes from memory that the verifier lets a program read."""
        return self.ir.load(pointer, typ=ir.IntType(width * 8), align=align or width)

    def number_of(self, pointer: Any) -> Any:
        """An address of the program's own as an i64 that is a number like any other.

        The verifier forgets that it is an address when it comes back from a map's value: it takes
        only some operators of one. LLVM must not see that it is what was stored.
        """
        kept = self.region(8)
        self.ir.store(pointer, kept, align=8)
        return self.load_alone(kept, I64)

    def load_alone(self, pointer: Any, kind: Any) -> Any:
        """A word, by an instruction that LLVM neither leaves out nor joins with other loads."""
        load = _VolatileLoad(self.ir.block, pointer, typ=kind)
        load.align = 8
        self.ir._insert(load)  # as IRBuilder.load does
        return load

    def offset(self, pointer: Any, offset: Any, step: int = 1) -> Any:
        """The pointer moved by bytes: a Python int, or an i64 that is a multiple of `step`."""
        if isinstance(offset, int):
            if offset == 0:
                return pointer
            step = offset & -offset
            offset = I64(offset)
        moved = self.ir.gep(pointer, [offset], source_etype=I8)
        moved.known_alignment = min(alignment(pointer), step)
        return moved

    @contextmanager
    def at_entry(self) -> Iterator[None]:
        """What is written in the `with` goes to the end of the entry block."""
        location = self.ir.debug_metadata
        self.ir.debug_metadata = self._first_location
        with self.ir.goto_block(self._entry):
            yield
        self.ir.debug_metadata = location

    # Calls

    def helper(self, name: str, *args: Any) -> Any:
        """Call a BPF helper by name; its result as i64 or ptr.

        Arguments are pointers, integers (narrower ones are zero-extended) or Python ints. Raises
        KeyError for a name that is no helper.
        """
        helper = find_helper(name)
        self.module.helpers_used.add(helper.name)
        return self._call_helper(helper, [self._argument(arg) for arg in args])

    def _call_helper(self, helper: Helper, args: list[Any]) -> Any:
        kind = ir.FunctionType(_RESULTS[helper.returns], [arg.type for arg in args])
        attributes = ("readnone",) if helper.steady else ()  # so that LLVM asks but once
        return self.ir.call(_HelperAddress(helper.number, kind), args, attrs=attributes)

    def _argument(self, value: Any) -> Any:
        if isinstance(value, int):
            return I64(value)
        if isinstance(value.type, ir.IntType) and value.type.width < 64:
            return self.ir.zext(value, I64)
        return value

    def call(self, subprogram: FunctionBuilder, *args: Any) -> Any:
        """Call a subprogram of the same module."""
        return self.ir.call(subprogram.function, args)

    def count_up(self, counter: Any, number: Any = 1) -> None:
        """Add to a u64 that other CPUs count in too."""
        self.ir.atomic_rmw("add", counter, self._argument(number), "monotonic")

    # What the target decides

    def core_value(self, access: Access) -> Any:
        """The target's answer to `access`, as an i64. Raises CoreError."""
        with self._blamed():
            return self.module.core_symbol(access).ptrtoint(I64)

    def pinned_core_value(self, access: Access) -> Any:
        """As core_value, for an answer below 2^31 that a test protects: LLVM moves none of it."""
        with self._blamed():
            number = self.module.core.index(access)
        kind = ir.FunctionType(I64, [])
        return self.ir.call(_HelperAddress(PINNED_BASE + number, kind), [])

    @contextmanager
    def _blamed(self) -> Iterator[None]:
        """An error in here is one of the place in the script that is being written."""
        try:
            yield
        except CodegenError as error:
            error.put(self._span)
            raise

    def core_load(self, base: Any, access: Access, kind: Any) -> Any:
        """Load a field at a relocated constant offset, as an integer of type `kind`.

        For pointers that the verifier knows: a tracepoint's context, a BTF pointer. It refuses a
        register as offset into a context, hence the constant, which the object writer recognises.
        `access` asks for the field's FIELD_BYTE_OFFSET. Raises CoreError.
        """
        number = self._direct_load(access)
        fixed = self.ir.call(self.module.static_offset, [base])
        pointer = self.offset(fixed, DIRECT_BASE + DIRECT_STEP * number)
        return self.ir.load(pointer, typ=kind, align=kind.width // 8)

    def _direct_load(self, access: Access) -> int:
        with self._blamed():
            self.module.core.index(access)
            if access not in self.direct_loads:
                self.direct_loads.append(access)
            if len(self.direct_loads) > MAX_DIRECT_LOADS:
                raise CoreError(
                    f"one probe reads more than {MAX_DIRECT_LOADS} fields directly",
                    "split the probe",
                )
        return self.direct_loads.index(access)

    def guarded(
        self,
        name: str,
        exists: Access,
        args: Sequence[tuple[str, Any]],
        body: Callable[[FunctionBuilder], None],
        span: Span,
    ) -> Any:
        """An i64 that `body` returns where the target has what `exists` asks for; elsewhere 0.

        `body` writes a subprogram of its own with `args` (name, value) as parameters. LLVM would
        move relocated values of a plain branch above its test, where they fail to relocate; into
        a function that is not inlined it cannot reach.
        """
        parameters = [(arg, value.type) for arg, value in args]
        subprogram = self.module.subprogram(name, parameters, I64, span)
        body(subprogram)
        present = self.ir.icmp_unsigned("!=", self.core_value(exists), I64(0))
        before = self.ir.block
        with self.if_(present):
            value = self.call(subprogram, *(value for _, value in args))
            there = self.ir.block
        result = self.ir.phi(I64)
        result.add_incoming(I64(0), before)
        result.add_incoming(value, there)
        return result

    # Control flow

    def new_block(self, name: str = "") -> Any:
        return self.function.append_basic_block(name)

    def is_null(self, pointer: Any) -> Any:
        """An i1."""
        return self.ir.icmp_unsigned("==", pointer, NULL)

    @contextmanager
    def if_(self, condition: Any) -> Iterator[None]:
        """What is written in the `with` runs when the i1 is true."""
        then, end = self.new_block("then"), self.new_block("end")
        self.ir.cbranch(condition, then, end)
        with self._branch(then, end):
            yield
        self.ir.position_at_end(end)

    @contextmanager
    def if_else(
        self, condition: Any
    ) -> Iterator[tuple[AbstractContextManager[None], AbstractContextManager[None]]]:
        """A pair of context managers: for what runs when the i1 is true, and when it is not."""
        then, other, end = self.new_block("then"), self.new_block("else"), self.new_block("end")
        self.ir.cbranch(condition, then, other)
        yield self._branch(then, end), self._branch(other, end)
        self.ir.position_at_end(end)

    @contextmanager
    def _branch(self, block: Any, end: Any) -> Iterator[None]:
        self.ir.position_at_end(block)
        yield
        if not self.ir.block.is_terminated:
            self.ir.branch(end)

    def return_(self, value: Any = 0) -> None:
        """Leave the function; what is written afterwards is dead code."""
        self._return(value)
        self.ir.position_at_end(self.new_block("dead"))

    def _return(self, value: Any) -> None:
        kind = self.function.ftype.return_type
        if kind == VOID:
            self.ir.ret_void()
        elif isinstance(value, int):
            self.ir.ret(NULL if kind == PTR else kind(value))
        else:
            self.ir.ret(value)

    def close(self) -> None:
        """Finish the function: the end returns 0, the entry block leads to the body."""
        if not self.ir.block.is_terminated:
            self._return(0)
        self.ir.debug_metadata = self._first_location
        self.ir.position_at_end(self._entry)
        if self._scratch.base is None:
            self.ir.branch(self._body)
            return
        missing = self.new_block("no_scratch")
        self.ir.cbranch(self.is_null(self._scratch.base), missing, self._body)
        self.ir.position_at_end(missing)
        self._return(0)
        self._scratch.sink()


def alignment(pointer: Any) -> int:
    """What a pointer to the program's own memory is aligned to: slots, records, values are to 8.

    The verifier takes no access to the stack that is not aligned to its size.
    """
    return int(getattr(pointer, "known_alignment", 8))


def _chunks(size: int, align: int) -> Iterator[tuple[int, int]]:
    """(offset, width) of the widest aligned accesses that cover `size` bytes."""
    offset = 0
    while offset < size:
        width = min(align, 8)
        while width > size - offset:
            width //= 2
        yield offset, width
        offset += width
