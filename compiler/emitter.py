"""What builtins say to codegen: the primitives from which their code is made.

Builtin records (compiler/builtins) are written against this protocol, so that they need not know
LLVM; codegen provides it. A Reg is an opaque handle of a 64-bit value or an address.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, NamedTuple, Protocol

from aotrace.compiler.kernel.btf import Btf
from aotrace.compiler.probes.record import Argument
from aotrace.compiler.source import Span
from aotrace.compiler.syntax.nodes import Call, Expr, MapAccess, MapRef
from aotrace.compiler.types import Stack, Struct, Type

Reg = Any


class External(NamedTuple):
    """A function in C that the script imports: its name and its type in its object's BTF."""

    name: str
    btf: Btf
    type_id: int


class Emitter(Protocol):
    """Emits into the program being built, at the current place. ctx: the program's context."""

    ctx: Reg

    # constants and memory
    def const(self, value: int) -> Reg: ...
    def blob(self, data: bytes) -> Reg:
        """Address of constant bytes in .rodata."""

    def setting(self, name: str) -> Reg:
        """Value of a u64 that the loader sets before load (runtime/metadata.py, Setting)."""

    def setting_at(self, name: str) -> Reg:
        """Address of one of the script's parameters (builtins/record.py, LoadParameter)."""

    def region(self, size: int) -> Reg:
        """As slot, off the stack, where an index may be variable; a load may lie anywhere."""

    def opaque(self, address: Reg) -> Reg:
        """The address, in a way that LLVM knows nothing of what is stored there."""

    def slot(self, size: int, align: int = 8) -> Reg:
        """Memory that lives while the program runs; not cleared."""

    def zero(self, address: Reg, size: int) -> None: ...
    def copy(self, target: Reg, source: Reg, size: int) -> None: ...
    def load(self, address: Reg, offset: int, size: int, signed: bool = False) -> Reg: ...
    def store(self, address: Reg, offset: int, size: int, value: Reg) -> None: ...
    def offset(self, address: Reg, by: Reg | int, step: int = 1) -> Reg:
        """The address moved by bytes; a Reg is a multiple of `step`, which keeps it aligned."""

    # arithmetic: two's complement, 64 bits
    def op(self, name: str, left: Reg, right: Reg | int) -> Reg:
        """add sub mul udiv urem and or xor shl lshr ashr, and comparisons giving 0 or 1:
        eq ne ult ule ugt uge slt sle sgt sge."""

    def select(self, condition: Reg, then: Reg | int, other: Reg | int) -> Reg: ...
    def bounded(self, value: Reg, last: int) -> Reg:
        """The value, at most `last`, in a way that the verifier sees."""

    def hidden(self, value: Reg) -> Reg:
        """The value, of which LLVM no longer knows anything."""

    def bswap(self, value: Reg, size: int) -> Reg: ...

    # control
    def turns(self, count: int) -> AbstractContextManager[tuple[Reg, Callable[[Reg], None]]]:
        """What is written within is done for 0 to count - 1, and it is given that number and what
        ends the loop on a condition. The verifier walks through every turn."""

    def if_(self, condition: Reg) -> AbstractContextManager[None]: ...
    def if_else(
        self, condition: Reg
    ) -> AbstractContextManager[
        tuple[AbstractContextManager[None], AbstractContextManager[None]]
    ]: ...
    def leave(self) -> None:
        """End the program here."""

    def placed(self, span: Span) -> AbstractContextManager[None]:
        """What fails within is a failure of that place."""

    def send(self, call: Call, number: int, *made: Reg) -> None:
        """Send one of the events that a function's record names (record.py, Function.events), with
        the numbers that it is made of."""

    def packet(self, call: Call, packet: Reg, length: Reg, *made: Reg) -> Reg:
        """As event 0, with bytes of a packet behind the record, given the address of its sk_buff as
        the verifier knows it: what the helper makes of that."""

    # the kernel
    def program_context(self) -> Reg:
        """Address of the program's context."""

    @property
    def arch(self) -> str:
        """The machine's name (compiler/arch.py)."""

    def argument(self, source: Argument) -> Reg:
        """The value of a word or field of the program's context."""

    def member_text(self) -> Reg:
        """Address of the attach point's text, where the target completes it: TEXT_SIZE bytes."""

    def member_place(self) -> Reg:
        """The address that its file states of the place that the program is attached to."""

    def helper(self, name: str, *args: Reg | int) -> Reg:
        """Call a BPF helper by its kernel name without `bpf_`."""

    def helper_untold(self, name: str, *args: Reg | int) -> Reg:
        """A helper whose failure is an answer, and told to nobody."""

    def has_helper(self, name: str) -> Reg:
        """Whether the target's kernel has the helper of that name: a constant to the verifier,
        which never looks at a call that the target cannot make."""

    def allows(self, name: str) -> Reg:
        """Whether programs of this probe's type may call a function of the target's kernel: a
        constant to the verifier."""

    def kernel_function(self, name: str, *args: Reg) -> Reg:
        """Call such a function: a number for an integer, an address as the kernel gave it."""

    def member(self, pointer: Reg, struct: Struct, *path: str) -> Reg:
        """A scalar member of the kernel's struct at an address, through the pointers on its way."""

    def member_at(self, pointer: Reg, struct: Struct, *path: str) -> Reg:
        """As member, the address of it."""

    def kernel_variable(self, name: str, cpu: Reg | None) -> Reg:
        """Address of a CPU's own variable of the kernel, of this CPU's for None; 0: no such CPU,
        or the target's BTF does not have the variable."""

    def stack(self, kind: Stack) -> Reg:
        """The key of the call stack at this place (runtime/values/stacks.py)."""

    def unwound_stack(self, kind: Stack) -> Reg:
        """As stack, of the process, by unwind rules that the loader has for it."""

    # expressions of the script
    def type_of(self, expr: Expr) -> Type: ...
    def constant_of(self, expr: Expr) -> int | bytes | bool | None: ...
    def value(self, expr: Expr) -> Reg:
        """A scalar expression's value, extended to 64 bits by its type."""

    def memory(self, expr: Expr) -> Reg:
        """Address of a value that does not fit a register; not to be written to."""

    def into(self, expr: Expr, target: Reg, type: Type) -> None:
        """Store an expression at an address in the form of `type`, padding included."""

    def reached(self, expr: Expr) -> AbstractContextManager[Reg]:
        """Where a struct of the kernel lies, or an address leads; what is within runs where that is
        anywhere, as the verifier wants it proven."""

    def source(self, expr: Expr) -> tuple[str, Reg]:
        """The helper that reads a value's bytes, or those that an address leads to; and where."""

    def read(self, target: Reg, size: int, expr: Expr) -> None:
        """Copy from where a pointer points, or from an lvalue in kernel memory."""

    def external(self, external: External, args: list[tuple[Reg, Type]], result: Type) -> Reg:
        """Call a function in C that the script imports."""

    def pointer(self, expr: Expr) -> Reg:
        """The value of an address; of what is the program's own as the verifier knows it."""

    # maps
    def map(self, ref: MapRef) -> Reg: ...
    def key(self, access: MapAccess | MapRef) -> Reg:
        """Address of the key that an access denotes."""

    def count_entries(self, ref: MapRef) -> Reg:
        """How many keys a map has (bpf_for_each_map_elem: Linux 5.13)."""


def keep_cut(e: Emitter, reader: str, target: Reg, size: int, last: Reg, got: Reg) -> None:
    """A string that was too long for its place fills all of it: the lack of a NUL tells the loader.

    The helpers for strings end what they cut with a NUL. `got` is what one of them returned, `last`
    the address of the byte that the NUL stands for, `reader` the helper that reads it.
    """
    with e.if_(e.op("eq", got, size)):
        e.helper(reader, e.offset(target, size - 1), 1, last)
