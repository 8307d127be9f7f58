"""The emitter of one program: LLVM instructions behind the primitives of compiler/emitter.py.

Scalars are i64 values, extended by the sign of their type; addresses of the program's own memory
are pointers, kernel addresses are i64.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from typing import Any

import llvmlite.ir as ir
from aotrace.compiler.builtins.record import ProbeContext
from aotrace.compiler.codegen import events, expr, kfuncs, maps, members, memory, place, stacks
from aotrace.compiler.codegen import external as external_calls
from aotrace.compiler.codegen.core import Access, RelocKind
from aotrace.compiler.codegen.function import FunctionBuilder, alignment
from aotrace.compiler.codegen.loops import Loop
from aotrace.compiler.codegen.program import Shared
from aotrace.compiler.emitter import External, Reg
from aotrace.compiler.kernel_types import find_variable
from aotrace.compiler.probes.record import Argument, ContextField, ContextWord, Passed, SiteWord
from aotrace.compiler.sema.plan import PlannedProgram
from aotrace.compiler.sema.tables import Variable
from aotrace.compiler.source import Span
from aotrace.compiler.syntax.nodes import Call, Expr, MapAccess, MapRef, Unary, Var
from aotrace.compiler.types import NONE, Pointer, Stack, Struct, Type
from aotrace.runtime.values import IntKind

I8, I16, I32, I64 = ir.IntType(8), ir.IntType(16), ir.IntType(32), ir.IntType(64)
POINTER = ir.PointerType()
_BY_SIZE = {1: I8, 2: I16, 4: I32, 8: I64}
_PREDICATES = {
    "eq": ("icmp_unsigned", "=="), "ne": ("icmp_unsigned", "!="),
    "ult": ("icmp_unsigned", "<"), "ule": ("icmp_unsigned", "<="),
    "ugt": ("icmp_unsigned", ">"), "uge": ("icmp_unsigned", ">="),
    "slt": ("icmp_signed", "<"), "sle": ("icmp_signed", "<="),
    "sgt": ("icmp_signed", ">"), "sge": ("icmp_signed", ">="),
}  # fmt: skip
_OPERATIONS = {
    "add": "add", "sub": "sub", "mul": "mul", "udiv": "udiv", "urem": "urem",
    "and": "and_", "or": "or_", "xor": "xor", "shl": "shl", "lshr": "lshr", "ashr": "ashr",
}  # fmt: skip


class ProgramEmitter:
    """Emits one program. `shared` is what all programs of the object have in common."""

    def __init__(self, fn: FunctionBuilder, shared: Shared, planned: PlannedProgram) -> None:
        self.fn = fn
        self.shared = shared
        self.planned = planned
        self.unit = planned.unit
        self.context = ProbeContext(self.unit.probe, shared.btf, shared.config)
        self.variables: dict[Variable, Reg] = {}
        self.ctx = fn.params[0]
        self.span = self.unit.point.span  # of what is being written, for messages at run time
        self.loops: list[Loop] = []
        #: where the program's own result is kept, if it has one
        self.result: Reg | None = None
        self.on_leave: Callable[[], None] = partial(fn.return_, 0)

    @property
    def ir(self) -> Any:
        return self.fn.ir

    # --- constants and memory

    def const(self, value: int) -> Reg:
        return I64(value & 0xFFFFFFFFFFFFFFFF)

    def blob(self, data: bytes) -> Reg:
        return self.shared.module.constant_bytes(data)

    def setting(self, name: str) -> Reg:
        address = self.shared.module.setting(name, IntKind(8, False))
        return self.ir.load(address, typ=I64)

    def setting_at(self, name: str) -> Reg:
        return self.shared.module.setting(name, self.shared.plan.parameters[name].kind)

    def region(self, size: int) -> Reg:
        return self.fn.region(size)

    def opaque(self, address: Reg) -> Reg:
        barrier = ir.InlineAsm(ir.FunctionType(POINTER, [POINTER]), "", "=r,0", True)
        return self.ir.call(barrier, [address])

    def slot(self, size: int, align: int = 8) -> Reg:
        return self.fn.slot(size, align)

    def zero(self, address: Reg, size: int) -> None:
        self.fn.zero(address, size)

    def copy(self, target: Reg, source: Reg, size: int) -> None:
        self.fn.copy(target, source, size)

    def load(self, address: Reg, offset: int, size: int, signed: bool = False) -> Reg:
        place = self.offset(address, offset)
        value = self.ir.load(place, typ=_BY_SIZE[size], align=min(size, alignment(place)))
        return self.extend(value, signed)

    def extend(self, value: Reg, signed: bool) -> Reg:
        if value.type == I64:
            return value
        return self.ir.sext(value, I64) if signed else self.ir.zext(value, I64)

    def store(self, address: Reg, offset: int, size: int, value: Reg) -> None:
        narrow = value if size == 8 else self.ir.trunc(self.word(value), _BY_SIZE[size])
        place = self.offset(address, offset)
        self.ir.store(narrow, place, align=min(size, alignment(place)))

    def offset(self, address: Reg, by: Reg | int, step: int = 1) -> Reg:
        if address.type == I64:
            return self.ir.add(address, self.word(by))
        return self.fn.offset(address, by, step)

    # --- arithmetic

    def word(self, value: Reg | int) -> Reg:
        """Any scalar as i64."""
        if isinstance(value, int):
            return self.const(value)
        return self.ir.ptrtoint(value, I64) if value.type == POINTER else value

    def op(self, name: str, left: Reg, right: Reg | int) -> Reg:
        pointer = not isinstance(left, int) and left.type == POINTER
        left, right = self.word(left), self.word(right)
        if name in _PREDICATES:
            method, sign = _PREDICATES[name]
            found = self.ir.zext(getattr(self.ir, method)(sign, left, right), I64)
            # LLVM joins tests for 0 by an `or`, which the verifier takes of no pointer
            return self.hidden(found) if pointer else found
        return getattr(self.ir, _OPERATIONS[name])(left, right)

    def select(self, condition: Reg, then: Reg | int, other: Reg | int) -> Reg:
        return self.ir.select(self.truth(condition), self.word(then), self.word(other))

    def truth(self, value: Reg) -> Reg:
        """i1 of a scalar."""
        return self.ir.icmp_unsigned("!=", self.word(value), I64(0))

    def bounded(self, value: Reg, last: int) -> Reg:
        # LLVM knows more of a value's range than the verifier and would drop the test; what it
        # knows of the result would make it write `address | offset` for a sum
        hidden = self.hidden(value)
        return self.hidden(self.select(self.op("ugt", hidden, last), last, hidden))

    def hidden(self, value: Reg) -> Reg:
        """The value, of which LLVM no longer knows anything."""
        barrier = ir.InlineAsm(ir.FunctionType(I64, [I64]), "", "=r,0", False)
        return self.ir.call(barrier, [self.word(value)])

    def bswap(self, value: Reg, size: int) -> Reg:
        if size == 1:
            return value
        narrow = value if size == 8 else self.ir.trunc(value, _BY_SIZE[size])
        return self.extend(self.ir.bswap(narrow), signed=False)

    # --- control

    @contextmanager
    def turns(self, count: int) -> Iterator[tuple[Reg, Callable[[Reg], None]]]:
        counter = self.fn.stack_slot(8)
        self.store(counter, 0, 8, self.const(0))
        head, body, step, end = (self.fn.new_block(n) for n in ("turns", "turn", "step", "over"))
        self.ir.branch(head)
        self.ir.position_at_end(head)
        # Hidden: where the turns end before by another number that LLVM knows to be small, it would
        # leave out this end, the only one that older verifiers (6.1) are sure of.
        now = self.hidden(self.load(counter, 0, 8))
        self.ir.cbranch(self.truth(self.op("ult", now, count)), body, end)
        self.ir.position_at_end(body)

        def stop(condition: Reg) -> None:
            on = self.fn.new_block("on")
            self.ir.cbranch(self.truth(condition), end, on)
            self.ir.position_at_end(on)

        yield now, stop
        self.ir.branch(step)
        self.ir.position_at_end(step)
        self.store(counter, 0, 8, self.op("add", self.load(counter, 0, 8), 1))
        self.ir.branch(head)
        self.ir.position_at_end(end)

    def if_(self, condition: Reg) -> AbstractContextManager[None]:
        return self.fn.if_(self.truth(condition))

    def if_else(self, condition: Reg) -> Any:
        return self.fn.if_else(self.truth(condition))

    def leave(self) -> None:
        self.on_leave()

    # --- the kernel

    def program_context(self) -> Reg:
        return self.ctx

    @property
    def arch(self) -> str:
        return self.shared.module.arch

    def argument(self, source: Argument) -> Reg:
        if isinstance(source, ContextWord):
            return place.word_of(self, source.offset, source.type)
        if isinstance(source, SiteWord):
            return members.argument(self, source.index)
        if isinstance(source, Passed):
            return place.passed_value(self, source)
        assert isinstance(source, ContextField)  # a struct is a place
        return place.context_value(self, source)

    def context_word(self, offset: int) -> Reg:
        """A u64 of the context; the verifier wants a constant offset from the pointer it gave."""
        place = self.offset(self.ir.call(self.fn.module.static_offset, [self.ctx]), offset)
        # LLVM would join it with loads of numbers from other memory: one instruction, two pointers
        return self.word(self.fn.load_alone(place, POINTER))

    def member_text(self) -> Reg:
        return members.text(self)

    def member_place(self) -> Reg:
        return members.place(self)

    def helper_untold(self, name: str, *args: Reg | int) -> Reg:
        return self.fn.helper(name, *(self.const(a) if isinstance(a, int) else a for a in args))

    def helper(self, name: str, *args: Reg | int) -> Reg:
        result = self.helper_untold(name, *args)
        self.shared.failures.check(self, name.removeprefix("bpf_"), result)
        return result

    @contextmanager
    def placed(self, span: Span) -> Iterator[None]:
        """What fails within is a failure of that place."""
        before, self.span = self.span, span
        yield
        self.span = before

    def has_helper(self, name: str) -> Reg:
        found = self.shared.btf.find_enumerator(f"BPF_FUNC_{name}")
        if found is None:
            return self.const(0)
        return self.core(RelocKind.ENUMVAL_EXISTS, found.enum_id, (f"BPF_FUNC_{name}",))

    def allows(self, name: str) -> Reg:
        return self.setting(f"kfunc_allowed:{self.unit.probe.kind.name}:{name}")

    def kernel_function(self, name: str, *args: Reg) -> Reg:
        return kfuncs.call(self, name, args)

    def member(self, pointer: Reg, struct: Struct, *path: str) -> Reg:
        return place.load(self, place.along(self, pointer, struct, path))

    def member_at(self, pointer: Reg, struct: Struct, *path: str) -> Reg:
        return place.address(self, place.along(self, pointer, struct, path))

    def kernel_variable(self, name: str, cpu: Reg | None) -> Reg:
        btf = self.shared.btf
        found = find_variable(btf, name)
        assert found is not None  # checked
        symbol = self.shared.module.kernel_variable(name, btf, found)
        result = self.fn.stack_slot(8)
        self.store(result, 0, 8, self.const(0))
        with self.if_(self.op("ne", symbol, 0)):
            if cpu is None:
                found_at = self.helper("this_cpu_ptr", symbol)
            else:
                found_at = self.helper("per_cpu_ptr", symbol, cpu)
            self.store(result, 0, 8, self._plain(found_at))
        return self.load(result, 0, 8)

    def _plain(self, pointer: Reg) -> Reg:
        """A pointer that the verifier knows as the number that a script calculates with: by way of
        a map, which keeps no types. LLVM must not see that what comes out is what went in."""
        place = self.fn.region(8)
        self.ir.store(pointer, place, align=8)
        kind = ir.FunctionType(POINTER, [POINTER])
        barrier = ir.InlineAsm(kind, "", "=r,0,~{memory}", True)
        return self.ir.load(self.ir.call(barrier, [place]), typ=I64, align=8)

    def stack(self, kind: Stack) -> Reg:
        return stacks.key(self, kind)

    def unwound_stack(self, kind: Stack) -> Reg:
        return stacks.unwound(self, kind)

    def core(self, kind: RelocKind, root: int, steps: tuple[str | int, ...]) -> Reg:
        """The relocated value that a CO-RE access stands for."""
        return self.fn.core_value(Access(kind, self.shared.btf.owner(root), root, steps))

    # --- expressions

    def type_of(self, node: Expr) -> Type:
        return self.unit.types.get(node) or NONE

    def constant_of(self, node: Expr) -> int | bytes | bool | None:
        return self.unit.constants.get(node)

    def value(self, node: Expr) -> Reg:
        return expr.value(self, node)

    def memory(self, node: Expr) -> Reg:
        return memory.memory(self, node)

    def into(self, node: Expr, target: Reg, type: Type) -> None:
        memory.into(self, node, target, type)

    def variable_slot(self, node: Var) -> Reg:
        return memory.variable_slot(self, node)

    def address(self, node: Expr) -> Reg:
        found = place.find(self, node)
        return place.address(self, found) if found else self.memory(node)

    @contextmanager
    def reached(self, node: Expr) -> Iterator[Reg]:
        pointed = isinstance(self.type_of(node), Pointer)
        found = None if pointed else place.find(self, node)
        start = self.value(node) if pointed else found.base if found else self.memory(node)
        with self.if_(self.op("ne", self.word(start), 0)):
            yield place.address(self, found) if found else start

    def source(self, node: Expr) -> tuple[str, Reg]:
        return place.source(self, node)

    def read(self, target: Reg, size: int, node: Expr) -> None:
        place.read_bytes(self, target, size, node)

    def external(self, external: External, args: list[tuple[Reg, Type]], result: Type) -> Reg:
        return external_calls.call(self, external, args, result)

    def pointer(self, node: Expr) -> Reg:
        operand = node.operand if isinstance(node, Unary) and node.op == "&" else None
        if isinstance(operand, Var):
            return self.variable_slot(operand)
        return self.map(operand) if isinstance(operand, MapRef) else self.value(node)

    # --- maps and events

    def map(self, ref: MapRef) -> Reg:
        return self.shared.maps[ref.name]

    def count_entries(self, ref: MapRef) -> Reg:
        from aotrace.compiler.codegen import loops

        return loops.count(self, ref)

    def key(self, access: MapAccess | MapRef) -> Reg:
        return maps.key(self, access)

    def send(self, call: Call, number: int, *made: Reg) -> None:
        events.send(self, self.planned.events[call][number], made)

    def packet(self, call: Call, packet: Reg, length: Reg, *made: Reg) -> Reg:
        return events.send_packet(self, self.planned.events[call][0], made, packet, length)
