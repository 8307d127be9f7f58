"""Time: kernel clocks in the kernel, wall-clock text on the target."""

from __future__ import annotations

from aotrace.compiler.builtins.accepts import INTEGER, STRING
from aotrace.compiler.builtins.record import (
    Builtin,
    EventFunction,
    EventSpec,
    Function,
    Parameter,
    ProbeContext,
    Site,
)
from aotrace.compiler.emitter import Emitter, Reg
from aotrace.compiler.types import UINT64, Timestamp, Type

START_SETTING = "start_boot"
_DEFAULT_FORMAT = b"%H:%M:%S\n"


def _uint64(_context: ProbeContext) -> Type:
    return UINT64


def _nsecs(e: Emitter, _context: ProbeContext, _target: Reg | None) -> Reg:
    return e.helper("ktime_get_boot_ns")


def _elapsed(e: Emitter, _context: ProbeContext, _target: Reg | None) -> Reg:
    return e.op("sub", e.helper("ktime_get_boot_ns"), e.setting(START_SETTING))


def _text(constant: object) -> str:
    return constant.decode("utf-8", "surrogateescape") if isinstance(constant, bytes) else ""


def _time_event(site: Site) -> EventSpec:
    form = site.constants[0] if site.constants else _DEFAULT_FORMAT
    return EventSpec("time", (), {"format": _text(form)})


def _strftime_type(site: Site) -> Type:
    return Timestamp(_text(site.constants[0]), "boot")


def _strftime(e: Emitter, site: Site, _target: Reg | None) -> Reg:
    return e.value(site.args[1])


CLOCK = (
    Builtin("nsecs", "Nanoseconds since boot, time asleep included.", _uint64, _nsecs),
    Builtin("elapsed", "Nanoseconds since tracing started.", _uint64, _elapsed),
    EventFunction(
        "time", "Print the wall-clock time by a strftime format.",
        (Parameter("format", STRING, constant=True, optional=True),), _time_event,
    ),
    Function(
        "strftime", "A timestamp of nsecs as wall-clock text.",
        (Parameter("format", STRING, constant=True), Parameter("timestamp", INTEGER)),
        _strftime_type, _strftime,
    ),
)  # fmt: skip
