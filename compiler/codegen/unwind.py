"""Walking a process's stack by rules that the loader has put into maps (runtime/unwind.py).

A step of the walk, and the searches in it, are functions that the verifier looks at once, so that a
walk of many frames costs it little; what they share lies in a map of the CPU's own. Branches are
few: numbers that only a branch would tell apart are made by arithmetic that LLVM does not see
through. x86-64 alone.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from aotrace.compiler.builtins.process import ids_here
from aotrace.compiler.codegen import failures
from aotrace.compiler.codegen.errors import CodegenError
from aotrace.compiler.codegen.helpers import MapType
from aotrace.compiler.emitter import Reg
from aotrace.compiler.kernel_types import find_struct
from aotrace.compiler.probes.record import ContextWord
from aotrace.compiler.types import UINT64, Space, Struct
from aotrace.runtime import unwind as rules
from aotrace.runtime.values import IntKind
from llvmlite import ir

if TYPE_CHECKING:
    from aotrace.compiler.codegen.emit import ProgramEmitter
    from aotrace.compiler.codegen.function import FunctionBuilder

_ARCH = "x86_64"
_I64 = ir.IntType(64)
_WORD, _KEY = 8, 4
_MMAPABLE = 1 << 10  # BPF_F_MMAPABLE
_STEP = "unwind_step"
_NEXT, _LAST, _LOST = 0, 1, 2  # what a step comes to
#: The kernel's names of the registers, by DWARF's numbers.
_NAMES = (
    "ax", "dx", "cx", "bx", "si", "di", "bp", "sp",
    "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15", "ip",
)  # fmt: skip
# the state: the frame's registers and other bases, the caller's registers, and what holds for all
_FRESH = rules.BASES * _WORD
_FIRST = _FRESH + rules.REGISTERS * _WORD
_COUNT, _TOP, _TRAMPOLINES, _BYTES = (_FIRST + _WORD * n for n in range(1, 5))
_STATE_SIZE = _BYTES + _WORD
_PAGE = 4096
_MOST_RETURNS = 64  # nested functions whose return is traced


def walk(e: ProgramEmitter, frames: Reg, limit: int) -> Reg:
    """Write the addresses of the process's frames; how many bytes they are. Raises CodegenError."""
    if e.arch != _ARCH:
        error = CodegenError(f"stacks are unwound by rules on {_ARCH} alone", "use ustack")
        error.put(e.span)
        raise error
    step = _stepper(e)
    space = _space(e)
    result = e.fn.stack_slot(_WORD)
    e.store(result, 0, _WORD, e.const(0))
    with e.if_else(space) as (there, missing):
        with there:
            state, memory = _state(e), _of_task(e, "mm")
            with e.if_(state), e.if_(memory):  # one that ends has none any more
                _begin(e, state, space, memory)
                _climb(e, step, state, frames, limit)
                e.store(result, 0, _WORD, e.load(state, _BYTES, _WORD))
        with missing:
            e.shared.failures.tell(e, failures.UNWIND, e.const(0))
    return e.hidden(e.load(result, 0, _WORD))


def _stepper(e: ProgramEmitter) -> FunctionBuilder:
    """The function that goes one frame up: one for the object, as its maps are."""
    made = e.shared.subprograms
    if _STEP not in made:
        e.shared.tables.update(_maps(e))
        made[_STEP] = _write_step(e)
    return made[_STEP]


def _maps(e: ProgramEmitter) -> dict[str, Any]:
    """The loader gives all but the last their size."""
    make, word = e.shared.module.map, IntKind(_KEY, False)
    array = MapType.ARRAY
    return {
        rules.SPACES: make(rules.SPACES, MapType.HASH, word, rules.SPACE.size, 1),
        rules.RANGES: make(rules.RANGES, array, None, rules.RANGE.size, 1, _MMAPABLE),
        rules.ROWS: make(rules.ROWS, array, None, rules.ROW_SIZE, 1, _MMAPABLE),
        rules.RULES: make(rules.RULES, array, None, rules.RULE_WORDS * _WORD, 1, _MMAPABLE),
        rules.STATE: make(rules.STATE, MapType.PERCPU_ARRAY, None, _STATE_SIZE, 1),
    }


def _space(e: ProgramEmitter) -> Reg:
    pid = e.fn.stack_slot(_WORD)
    e.store(pid, 0, _KEY, e.op("lshr", ids_here(e), 32))
    return e.fn.helper("map_lookup_elem", e.shared.tables[rules.SPACES], pid)


def _state(e: ProgramEmitter) -> Reg:
    key = e.shared.module.zeros(_KEY)
    return e.fn.helper("map_lookup_elem", e.shared.tables[rules.STATE], key)


# --- where a walk begins ---------------------------------------------------------------------


def _begin(e: ProgramEmitter, state: Reg, space: Reg, memory: Reg) -> None:
    """The registers with which the process was interrupted, or entered the kernel."""
    e.store(state, _FIRST, _WORD, e.load(space, 0, 4))
    e.store(state, _COUNT, _WORD, e.load(space, 4, 4))
    e.store(state, _TOP, _WORD, e.member(memory, _struct(e, "mm_struct"), "start_stack"))
    e.store(state, _TRAMPOLINES, _WORD, _trampolines(e, memory))
    e.store(state, rules.ZERO * _WORD, _WORD, e.const(0))
    register = _registers(e)
    for number, name in enumerate(_NAMES):
        e.store(state, number * _WORD, _WORD, register(name))


def _registers(e: ProgramEmitter) -> Callable[[str], Reg]:
    """Those of the process: a probe of its own code has them as its context (bpf_task_pt_regs:
    Linux 5.15)."""
    probe = e.unit.probe
    if probe.kind.space is Space.USER and probe.registers:
        return lambda name: e.argument(ContextWord(UINT64, probe.registers[name]))
    kept = e.fn.helper("task_pt_regs", e.fn.helper("get_current_task_btf"))
    return lambda name: e.member(kept, _struct(e, "pt_regs"), name)


def _struct(e: ProgramEmitter, name: str) -> Struct:
    found = find_struct(e.shared.btf, "struct", name)
    assert found is not None  # checked
    return found


def _of_task(e: ProgramEmitter, member: str) -> Reg:
    return e.member(e.fn.helper("get_current_task"), _struct(e, "task_struct"), member)


def _trampolines(e: ProgramEmitter, memory: Reg) -> Reg:
    """The page in which functions return whose return is traced; 0 of a process that has none."""
    if find_struct(e.shared.btf, "struct", "xol_area") is None:
        return e.const(0)
    area = e.member(memory, _struct(e, "mm_struct"), "uprobes_state", "xol_area")
    return _if_there(e, area, "xol_area", "vaddr")


def _if_there(e: ProgramEmitter, pointer: Reg, struct: str, *path: str) -> Reg:
    """A member, or 0 of what is not there: no failure to tell of."""
    result = e.fn.stack_slot(_WORD)
    e.store(result, 0, _WORD, e.const(0))
    with e.if_(pointer):
        e.store(result, 0, _WORD, e.word(e.member(pointer, _struct(e, struct), *path)))
    return e.load(result, 0, _WORD)


def _climb(e: ProgramEmitter, step: FunctionBuilder, state: Reg, frames: Reg, limit: int) -> None:
    """Frame by frame. How far it came is kept where the verifier does not follow it, or it would
    look at what comes then once for each number of frames."""
    address = rules.RETURN_ADDRESS * _WORD
    e.store(frames, 0, _WORD, e.load(state, address, _WORD))
    e.store(state, _BYTES, _WORD, e.const(_WORD))
    with e.turns(limit - 1) as (turn, stop):
        came = e.fn.call(step, e.load(state, address, _WORD))
        stop(e.op("eq", came, _LAST))
        lost = e.op("eq", came, _LOST)
        shown = e.select(lost, rules.LOST_FRAME, e.load(state, address, _WORD))
        at = e.op("mul", e.op("add", turn, 1), _WORD)
        e.store(e.offset(frames, at, step=_WORD), 0, _WORD, shown)
        e.store(state, _BYTES, _WORD, e.op("add", at, _WORD))
        stop(lost)


# --- one frame up ----------------------------------------------------------------------------


def _write_step(e: ProgramEmitter) -> FunctionBuilder:
    of_range = _finder(e, rules.RANGES, rules.MOST_RANGES_BITS, lambda s, at: s.load(at, 0, _WORD))
    of_row = _finder(
        e, rules.ROWS, rules.MOST_ROWS_BITS,
        lambda s, at: s.op("lshr", s.load(at, 0, _WORD), rules.RULE_BITS),
    )  # fmt: skip
    s = _open(e, _STEP, "address")
    state = _found(s, rules.STATE, s.const(0))
    rule = _rule(s, state, of_range, of_row)
    failed = s.fn.stack_slot(_WORD)
    s.store(failed, 0, _WORD, s.const(0))
    _to_caller(s, state, rule, failed)
    address = s.load(state, rules.RETURN_ADDRESS * _WORD, _WORD)
    top = s.op("sub", s.load(state, _TOP, _WORD), _WORD)
    above = s.op("uge", s.load(state, rules.STACK_POINTER * _WORD, _WORD), top)
    with s.if_(s.load(failed, 0, _WORD)):
        s.fn.return_(_LOST)
    with s.if_(s.op("or", s.op("eq", address, 0), above)):
        s.fn.return_(_LAST)
    # within the call that returns there: behind it another function may begin
    s.store(state, rules.RETURN_ADDRESS * _WORD, _WORD, s.op("sub", address, 1))
    s.fn.return_(_NEXT)
    return s.fn


def _open(e: ProgramEmitter, name: str, *params: str) -> ProgramEmitter:
    types = [(param, _I64) for param in params]
    fn = e.shared.module.subprogram(name, types, _I64, e.planned.unit.point.span, visible=True)
    return type(e)(fn, e.shared, e.planned)


def _found(s: ProgramEmitter, table: str, index: Reg) -> Reg:
    """An entry; a walk that has none is lost."""
    key = s.fn.stack_slot(_WORD)
    s.store(key, 0, _KEY, index)
    entry = s.fn.helper("map_lookup_elem", s.shared.tables[table], key)
    with s.fn.if_(s.fn.is_null(entry)):
        s.fn.return_(_LOST)
    return entry


def _rule(s: ProgramEmitter, state: Reg, of_range: FunctionBuilder, of_row: FunctionBuilder) -> Reg:
    """The rule of the frame's address."""
    (address,) = s.fn.params
    first, count = s.load(state, _FIRST, _WORD), s.load(state, _COUNT, _WORD)
    mapped = _found(s, rules.RANGES, s.fn.call(of_range, first, count, address))
    outside = s.op("uge", address, s.load(mapped, 8, _WORD))
    with s.if_(s.op("or", outside, s.op("ult", address, s.load(mapped, 0, _WORD)))):
        s.fn.return_(_LOST)
    own = s.op("sub", address, s.load(mapped, 16, _WORD))
    row = s.fn.call(of_row, s.load(mapped, 24, 4), s.load(mapped, 28, 4), own)
    line = s.load(_found(s, rules.ROWS, row), 0, _WORD)
    number = s.op("and", line, (1 << rules.RULE_BITS) - 1)
    with s.if_(s.op("eq", number, 0)):
        s.fn.return_(_LOST)
    return _found(s, rules.RULES, s.op("sub", number, 1))


def _to_caller(s: ProgramEmitter, state: Reg, rule: Reg, failed: Reg) -> None:
    """The registers of the frame become those of its caller."""
    first = s.load(rule, 0, _WORD)
    entry = s.op("and", s.fn.params[0], 15)
    limit = s.op("and", s.op("lshr", first, rules.PLT_SHIFT), 31)
    pushed = s.op("shl", s.op("lshr", s.op("add", entry, limit), 4), 3)
    frame = s.op("add", _value(s, state, first, failed), s.load(rule, _WORD, _WORD))
    s.store(state, rules.CFA * _WORD, _WORD, s.op("add", frame, pushed))
    with s.turns(rules.REGISTERS) as (turn, _):
        place = s.op("mul", turn, _WORD)
        said = s.load(s.offset(rule, place, step=_WORD), 2 * _WORD, _WORD)
        fresh = _value(s, state, said, failed)
        s.store(s.offset(state, place, step=_WORD), _FRESH, _WORD, fresh)
    s.copy(state, s.offset(state, _FRESH), rules.REGISTERS * _WORD)
    _see_through_trampoline(s, state)


def _value(s: ProgramEmitter, state: Reg, said: Reg, failed: Reg) -> Reg:
    """What a word of a rule comes to; `failed` is set if memory of the process cannot be read."""
    base = s.hidden(s.op("and", said, rules.BASES - 1))
    place = s.offset(state, s.op("mul", base, _WORD), step=_WORD)
    value = s.fn.stack_slot(_WORD)
    offset = s.op("ashr", said, rules.OFFSET_SHIFT)
    address = s.op("add", s.load(place, 0, _WORD), offset)
    s.store(value, 0, _WORD, address)
    with s.if_(s.op("and", said, 1 << rules.READ_BIT)):
        error = s.fn.helper("probe_read_user", value, _WORD, address)
        s.store(failed, 0, _WORD, s.op("or", s.load(failed, 0, _WORD), error))
    return s.load(value, 0, _WORD)


def _see_through_trampoline(s: ProgramEmitter, state: Reg) -> None:
    """Where a traced function returns to, in place of the kernel's own page (struct
    return_instance, kernel/events/uprobes.c)."""
    if find_struct(s.shared.btf, "struct", "return_instance") is None:
        return
    finder = _returns(s)
    place = rules.RETURN_ADDRESS * _WORD
    page = s.load(state, _TRAMPOLINES, _WORD)
    within = s.op("ult", s.op("sub", s.load(state, place, _WORD), page), _PAGE)
    with s.if_(s.op("and", within, s.op("ne", page, 0))):
        stack = s.load(state, rules.STACK_POINTER * _WORD, _WORD)
        s.store(state, place, _WORD, s.fn.call(finder, stack))


def _returns(e: ProgramEmitter) -> FunctionBuilder:
    """Of a caller's stack pointer: where the function that was called returns to, or 0."""
    s = _open(e, "unwind_return", "stack")
    struct = _struct(s, "return_instance")
    at = s.fn.stack_slot(_WORD)
    traced = _if_there(s, _of_task(s, "utask"), "uprobe_task", "return_instances")
    s.store(at, 0, _WORD, traced)
    with s.turns(_MOST_RETURNS) as (_, stop):
        one = s.load(at, 0, _WORD)
        stop(s.op("eq", one, 0))
        kept = s.member(one, struct, "stack")
        with s.if_(s.op("eq", s.op("add", kept, _WORD), s.fn.params[0])):
            s.fn.return_(s.member(one, struct, "orig_ret_vaddr"))
        s.store(at, 0, _WORD, s.word(s.member(one, struct, "next")))
    s.fn.return_(0)
    return s.fn


def _finder(
    e: ProgramEmitter,
    name: str,
    bits: int,
    start_of: Callable[[ProgramEmitter, Reg], Reg],
) -> FunctionBuilder:
    """A search in ascending entries `first` to `first + count - 1` for the last that begins at an
    address or below; the one before the first if none does."""
    s = _open(e, f"{name}_at", "first", "count", "address")
    first, count, address = s.fn.params
    found, step = s.fn.stack_slot(_WORD), s.fn.stack_slot(_WORD)
    s.store(found, 0, _WORD, s.op("sub", first, 1))
    s.store(step, 0, _WORD, s.const(1 << bits))
    last = s.op("sub", s.op("add", first, count), 1)
    with s.turns(bits):
        half = s.op("lshr", s.load(step, 0, _WORD), 1)
        s.store(step, 0, _WORD, half)
        beyond = s.op("sub", s.op("add", s.load(found, 0, _WORD), half), last)
        # the entry, or the last one where there are not so many
        entry = _found(s, name, s.op("add", last, s.op("and", beyond, _sign(s, beyond))))
        fits = _sign(s, s.op("sub", beyond, 1))
        below = _sign(s, s.op("sub", start_of(s, entry), s.op("add", address, 1)))
        taken = s.op("and", half, s.op("and", fits, below))
        s.store(found, 0, _WORD, s.op("add", s.load(found, 0, _WORD), taken))
    s.fn.return_(s.load(found, 0, _WORD))
    return s.fn


def _sign(s: ProgramEmitter, number: Reg) -> Reg:
    """All ones of a negative number, else 0."""
    return s.hidden(s.op("ashr", number, 63))
