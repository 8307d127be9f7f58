"""The machine's registers where a probe fires."""

from __future__ import annotations

from aotrace.compiler.builtins.accepts import STRING
from aotrace.compiler.builtins.record import (
    Builtin,
    Constant,
    Function,
    Parameter,
    ProbeContext,
    Site,
)
from aotrace.compiler.diagnostics import did_you_mean
from aotrace.compiler.emitter import Emitter, Reg
from aotrace.compiler.probes.record import ContextWord
from aotrace.compiler.types import UINT8, UINT64

_USER = 3  # the privilege level in x86's cs
_EL_MASK = 0xF  # the exception level in arm64's pstate: 0 is user space
_SPECIAL = ("begin", "end")


def _name(site: Site) -> str:
    name = site.constants[0]
    return name.decode("utf-8", "replace") if isinstance(name, bytes) else ""


def _check(site: Site) -> None:
    probe = site.context.probe
    if not probe.registers:
        site.error(f"reg() can not be used in {probe.kind.name} probes")
    elif _name(site) not in probe.registers:
        text = f"`{_name(site)}` is no register of this architecture"
        hints = did_you_mean(_name(site), probe.registers)
        site.error(text, *hints or (f"it has {', '.join(probe.registers)}",), arg=0)


def _read(name: str, e: Emitter, context: ProbeContext) -> Reg:
    return e.argument(ContextWord(UINT64, context.probe.registers[name]))


def _reg(e: Emitter, site: Site, _target: Reg | None) -> Reg:
    return _read(_name(site), e, site.context)


def _usermode(e: Emitter, context: ProbeContext, _target: Reg | None) -> Reg:
    registers = context.probe.registers
    if "cs" in registers:
        return e.op("eq", e.op("and", _read("cs", e, context), _USER), _USER)
    if "pstate" in registers:
        return e.op("eq", e.op("and", _read("pstate", e, context), _EL_MASK), 0)
    return e.const(int(_known_mode(context) or 0))


def _known_mode(context: ProbeContext) -> Constant:
    """Without registers: begin and end are taken for user space, all others for the kernel."""
    if context.probe.registers:
        return None
    return int(context.probe.kind.name in _SPECIAL)


REGISTERS = (
    Function(
        "reg", "A register of the machine, by its name in the kernel's pt_regs.",
        (Parameter("name", STRING, constant=True),), lambda _: UINT64, _reg, _check,
    ),
    Builtin(
        "usermode", "Whether the probe interrupts user space: 1 or 0.",
        lambda _: UINT8, _usermode, comptime=_known_mode,
    ),
)  # fmt: skip
