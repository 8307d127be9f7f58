"""What the probe itself gives: its name, its arguments, its result, its CPU."""

from __future__ import annotations

from functools import partial

from aotrace.compiler.builtins import attached
from aotrace.compiler.builtins.process import ids_here
from aotrace.compiler.builtins.record import Builtin, ProbeContext
from aotrace.compiler.emitter import Emitter, Reg
from aotrace.compiler.types import UINT64, KernelSymbol, Str, Type, UserSymbol
from aotrace.runtime.members import MOST_ARGUMENTS, TEXT_SIZE
from aotrace.runtime.values.symbols import UsymKind

_WORDS = MOST_ARGUMENTS


def _cpu_type(_context: ProbeContext) -> Type:
    return UINT64


def _cpu(e: Emitter, _context: ProbeContext, _target: Reg | None) -> Reg:
    return e.op("and", e.helper("get_smp_processor_id"), 0xFFFFFFFF)


def _name(context: ProbeContext) -> bytes:
    return context.probe.text.encode() + b"\0"


def _probe_type(context: ProbeContext) -> Type:
    return Str(TEXT_SIZE if context.probe.point else len(_name(context)))


def _probe(e: Emitter, context: ProbeContext, target: Reg | None) -> Reg:
    """An attach point that the target completes is the loader's to say."""
    name = e.member_text() if context.probe.point else e.blob(_name(context))
    if target is None:
        return name
    e.copy(target, name, _probe_type(context).size)
    return target


def _kind_name(context: ProbeContext) -> bytes:
    kind = context.probe.kind
    return (kind.family or kind.name).encode() + b"\0"


def _kind(e: Emitter, context: ProbeContext, target: Reg | None) -> Reg:
    name = e.blob(_kind_name(context))
    if target is None:
        return name
    e.copy(target, name, len(_kind_name(context)))
    return target


def _func_type(context: ProbeContext) -> Type | None:
    place = context.probe.function
    if place is None:
        return None
    return UserSymbol() if place.user else KernelSymbol()


def _func(e: Emitter, context: ProbeContext, target: Reg | None) -> Reg:
    place = context.probe.function
    assert place is not None  # a type says that there is one
    address = attached.address(e, context, place)
    if not place.user:
        return address
    target = e.slot(UsymKind.size) if target is None else target
    e.store(target, 0, 8, address)
    pid = e.op("lshr", ids_here(e, told=False), 32)
    e.store(target, UsymKind.pid_offset, 8, pid)
    return target


def _word_type(index: int, context: ProbeContext) -> Type | None:
    words = context.probe.words
    return words[index].type if index < len(words) else None


def _word_hints(context: ProbeContext) -> tuple[str, ...]:
    """Which there are, and what else there is."""
    hints = []
    if context.probe.words:
        last = len(context.probe.words) - 1
        hints.append("it has arg0" + (f" to arg{last}" if last else ""))
    if context.probe.arguments:
        hints.append(f"it has args.{', args.'.join(context.probe.arguments)}")
    return tuple(hints)


def _word(index: int, e: Emitter, context: ProbeContext, _target: Reg | None) -> Reg:
    return e.argument(context.probe.words[index])


def _retval_type(context: ProbeContext) -> Type | None:
    return context.probe.result.type if context.probe.result else None


def _retval(e: Emitter, context: ProbeContext, _target: Reg | None) -> Reg:
    assert context.probe.result is not None  # a type says that there is one
    return e.argument(context.probe.result)


def _context_type(context: ProbeContext) -> Type | None:
    return context.probe.context


def _context(e: Emitter, _context: ProbeContext, _target: Reg | None) -> Reg:
    return e.program_context()


PROBE = (
    Builtin(
        "ctx", "The context of the program, a struct of the kernel's.", _context_type, _context
    ),
    Builtin("cpu", "The CPU that the probe fires on.", _cpu_type, _cpu),
    Builtin("probe", "The attach point, as text.", _probe_type, _probe),
    Builtin(
        "probetype", "The type of the probe, as text.",
        lambda context: Str(len(_kind_name(context))), _kind,
    ),
    Builtin("func", "The traced function, shown as its symbol.", _func_type, _func),
    Builtin("retval", "What the traced function returns.", _retval_type, _retval),
    *(
        Builtin(
            f"arg{i}",
            f"Argument {i} of the traced function.",
            partial(_word_type, i),
            partial(_word, i),
            _word_hints,
        )
        for i in range(_WORDS)
    ),
)  # fmt: skip
