"""What goes wrong while a program runs: told to the loader with the place in the script.

A helper that fails, a division by zero, an index out of bounds. What is told depends on a setting,
so that the verifier leaves out what nobody wants to hear of. Telling is a function of its own, off
the path of a program that works.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aotrace.compiler.codegen.helpers import find_helper
from aotrace.compiler.source import Span
from aotrace.runtime import metadata
from aotrace.runtime.values import IntKind, Kind
from aotrace.runtime.wire import HEADER_SIZE
from llvmlite import ir

if TYPE_CHECKING:
    from aotrace.compiler.codegen.emit import ProgramEmitter
    from aotrace.compiler.codegen.function import FunctionBuilder
    from aotrace.compiler.codegen.module import ModuleBuilder
    from aotrace.compiler.emitter import Reg

SETTING = "warnings"  # how much is told: 0 nothing, 1 the usual, 2 reads and look-ups too
NEVER_OFF, USUAL, ALL = 0, 1, 2
DIVISION, BOUNDS, UNWIND = "division", "bounds", "unwind"  # what is no helper's failure
_RECORD = HEADER_SIZE + 8
_I64, _POINTER = ir.IntType(64), ir.PointerType()
#: Helpers whose failure is told as usual: what a program does nothing about.
_USUAL = (
    "map_update_elem", "loop", "for_each_map_elem", "get_current_comm", "get_ns_current_pid_tgid",
    "d_path", "get_stack", "seq_printf",
)  # fmt: skip
#: Those that leave zeros behind, which a script can see.
_READERS = (
    "probe_read_kernel", "probe_read_user", "probe_read_kernel_str", "probe_read_user_str",
)  # fmt: skip


class Failures:
    """The places of one object at which something may fail."""

    def __init__(self, module: ModuleBuilder, event: int, ring: Any, lost: Any) -> None:
        self._module = module
        self._event = event
        self._ring = ring
        self._lost = lost
        self._send: FunctionBuilder | None = None
        self._test: FunctionBuilder | None = None
        self._numbers: dict[str, int] = {}
        self._details: dict[str, Any] = {"places": [], "lines": {}}
        #: how many places have been written of those that are told of only where all is
        self.quiet = 0

    def tell(self, e: ProgramEmitter, what: str, code: Reg, level: int = USUAL) -> None:
        """Tell that `what` has failed with `code` at what is being written."""
        self.quiet += level == ALL
        with e.if_(e.op("uge", self._level(e), level)):
            self._tell(e, what, code)

    def check(self, e: ProgramEmitter, helper: str, result: Reg) -> None:
        """Tell if a helper has failed that should not have."""
        if helper not in _USUAL and helper not in _READERS:
            return
        self.quiet += helper in _READERS
        with e.if_(e.op("uge", self._level(e), ALL if helper in _READERS else USUAL)):
            if e.loops or helper in _READERS:
                self._tell_if(e, helper, result)
                return
            with e.if_(e.op("slt", _as_int(e.ir, result), 0)):
                self._tell(e, helper, _as_int(e.ir, result))

    def wants_all(self, e: ProgramEmitter) -> Reg:
        """Whether reads and look-ups that fail are told, too: a constant to the verifier."""
        return e.op("uge", self._level(e), ALL)

    def _level(self, e: ProgramEmitter) -> Reg:
        """Loaded where it is tested: LLVM would keep it in a register that others need more."""
        address = self._module.setting(SETTING, IntKind(8, False))
        kind = ir.FunctionType(_POINTER, [_POINTER])
        barrier = ir.InlineAsm(kind, "", "=r,0", True)
        return e.ir.load(e.ir.call(barrier, [address]), typ=_I64)

    def _tell(self, e: ProgramEmitter, what: str, code: Reg) -> None:
        e.fn.call(self._sender(e), _I64(self._number(what, e.span)), e.word(code))

    def _tell_if(self, e: ProgramEmitter, what: str, result: Reg) -> None:
        """The same, with the test in a function of its own.

        The verifier keeps a branch for later; in a loop it would keep one for each turn.
        """
        e.fn.call(self._tester(e), _I64(self._number(what, e.span)), e.word(result))

    def _sender(self, e: ProgramEmitter) -> FunctionBuilder:
        """One for the object; made when the first place asks for it."""
        if self._send is None:
            self._send = fn = self._open("failed", e)
            self._write_record(fn)
            self._module.events.append(self._record())
        return self._send

    def _tester(self, e: ProgramEmitter) -> FunctionBuilder:
        if self._test is None:
            sender = self._sender(e)
            self._test = fn = self._open("failed_if", e)
            place, result = fn.params
            code = _as_int(fn.ir, result)
            with fn.if_(fn.ir.icmp_signed("<", code, _I64(0))):
                fn.call(sender, place, code)
        return self._test

    def _open(self, name: str, e: ProgramEmitter) -> FunctionBuilder:
        """A global function, which the verifier looks at once and not at every call."""
        params = [("place", _I64), ("code", _I64)]
        fn = self._module.subprogram(name, params, _I64, e.unit.point.span, visible=True)
        fn.function.attributes.add("cold")  # its calls are out of the way of what succeeds
        fn.function.section = ".text"  # where LLVM would not put it, and libbpf looks
        return fn

    def _write_record(self, fn: FunctionBuilder) -> None:
        """Without a branch: the verifier goes through this once more in every object."""
        record = fn.stack_slot(_RECORD)
        fn.ir.store(_I64(self._event), record)
        for offset, value in zip((HEADER_SIZE, HEADER_SIZE + 4), fn.params):
            word = fn.ir.trunc(value, ir.IntType(32))
            fn.ir.store(word, fn.offset(record, offset), align=4)
        error = fn.helper("ringbuf_output", self._ring, record, _RECORD, 0)
        lost = fn.ir.lshr(error, _I64(63))  # 1 of a negative number
        fn.count_up(self._lost, lost)
        fn.return_(lost)

    def _record(self) -> metadata.Event:
        args: list[tuple[int, Kind]] = [
            (HEADER_SIZE, IntKind(4, False)),
            (HEADER_SIZE + 4, IntKind(4, True)),
        ]
        return metadata.Event("failure", _RECORD, args, self._details, 0)

    def _number(self, what: str, span: Span) -> int:
        """Of a place, which is the same in all attach points of a probe."""
        name = what if what in (DIVISION, BOUNDS, UNWIND) else find_helper(what).name
        place = [name.removeprefix("bpf_"), *map(self._quoted, (span, *span.uses))]
        known = repr(place)
        if known not in self._numbers:
            self._numbers[known] = len(self._numbers)
            self._details["places"].append(place)
        return self._numbers[known]

    def _quoted(self, span: Span) -> list[str | int]:
        """The location; its lines are kept."""
        self._details["lines"].setdefault(span.source.told, {}).update(span.lines)
        return span.location


def _as_int(builder: Any, result: Reg) -> Reg:
    """What a helper returns is an int; the upper half of the register means nothing."""
    return builder.ashr(builder.shl(result, _I64(32)), _I64(32))
