"""Time: kernel clocks in the kernel, wall-clock text on the target."""

from __future__ import annotations

from dataclasses import replace

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
from aotrace.compiler.types import UINT64, Int, Timestamp, Type

START_SETTING = "start_boot"
TAI_SETTING = "tai_offset"
_DEFAULT_FORMAT = b"%H:%M:%S\n"


def _uint64(_context: ProbeContext) -> Type:
    return UINT64


def _mode(site: Site) -> str:
    return _text(site.constants[0]) if site.constants else "boot"


def _nsecs_type(site: Site) -> Type:
    return replace(UINT64, clock=_CLOCKS.get(_mode(site), ""))


def _nsecs(e: Emitter, site: Site, _target: Reg | None) -> Reg:
    return _READERS.get(_mode(site), _boot)(e)


def _boot(e: Emitter) -> Reg:
    return e.helper("ktime_get_boot_ns")


def _monotonic(e: Emitter) -> Reg:
    return e.helper("ktime_get_ns")


def now_in_tai(e: Emitter) -> Reg:
    return e.op("add", _boot(e), e.setting(TAI_SETTING))


def _tai(e: Emitter) -> Reg:
    """Kernels before 6.1 have no such clock for programs."""
    now = e.slot(8)
    with e.if_else(e.has_helper("ktime_get_tai_ns")) as (known, unknown):
        with known:
            e.store(now, 0, 8, e.helper("ktime_get_tai_ns"))
        with unknown:
            e.store(now, 0, 8, now_in_tai(e))
    return e.load(now, 0, 8)


_READERS = {"boot": _boot, "monotonic": _monotonic, "tai": _tai, "sw_tai": now_in_tai}
#: the clock that a mode's nanoseconds are of (runtime/values/time.py)
_CLOCKS = {"boot": "boot", "monotonic": "monotonic", "tai": "tai", "sw_tai": "tai"}


def _elapsed(e: Emitter, _context: ProbeContext, _target: Reg | None) -> Reg:
    return e.op("sub", e.helper("ktime_get_boot_ns"), e.setting(START_SETTING))


def _text(constant: object) -> str:
    return constant.decode("utf-8", "surrogateescape") if isinstance(constant, bytes) else ""


def _time_event(site: Site) -> EventSpec:
    form = site.constants[0] if site.constants else _DEFAULT_FORMAT
    return EventSpec("time", (), {"format": _text(form)})


def _strftime_type(site: Site) -> Type:
    counted = site.types[1]
    clock = counted.clock if isinstance(counted, Int) else ""
    return Timestamp(_text(site.constants[0]), clock or "boot")


def _check_strftime(site: Site) -> None:
    given = site.constants[1]
    if isinstance(given, int) and given < 0:
        site.error("strftime() does not accept negative timestamps", arg=1)


def _strftime(e: Emitter, site: Site, _target: Reg | None) -> Reg:
    return e.value(site.args[1])


CLOCK = (
    Function(
        "nsecs", "Nanoseconds of a clock: boot (time asleep included), monotonic, tai or sw_tai.",
        (Parameter("mode", STRING, constant=True, optional=True, words=tuple(_READERS)),),
        _nsecs_type, _nsecs,
    ),
    Builtin("elapsed", "Nanoseconds since tracing started.", _uint64, _elapsed),
    EventFunction(
        "time", "Print the wall-clock time by a strftime format.",
        (Parameter("format", STRING, constant=True, optional=True),), _time_event,
    ),
    Function(
        "strftime", "A timestamp of nsecs as wall-clock text.",
        (Parameter("format", STRING, constant=True), Parameter("timestamp", INTEGER)),
        _strftime_type, _strftime, _check_strftime,
    ),
)  # fmt: skip
