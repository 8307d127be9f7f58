"""interval: a timer on one CPU."""

from __future__ import annotations

import re

from aotrace.compiler.probes.record import ProbeKind, ProbeRequest, ResolvedProbe

#: unit -> period in nanoseconds of a count
_UNITS = {
    "s": lambda count: count * 1_000_000_000,
    "ms": lambda count: count * 1_000_000,
    "us": lambda count: count * 1_000,
    "ns": lambda count: count,
    "m": lambda count: count * 60_000_000_000,
    "h": lambda count: count * 3_600_000_000_000,
    "d": lambda count: count * 86_400_000_000_000,
    "hz": lambda count: 1_000_000_000 // count,
}
_DURATION = re.compile(r"([0-9][0-9_]*)(ns|us|ms|s|m|h|d)?")
_LONGEST = 1 << 63  # perf_event_open's limit, in nanoseconds
_CLASSIC = ("s", "ms", "us", "hz")
_FORM = "interval:s|ms|us|hz:COUNT or interval:5s"


def period_of(request: ProbeRequest) -> int | None:
    """Nanoseconds between two events, from `:s:5`, `:5s` or `:5000000000`; or an error."""
    parts = request.point.parts[1:]
    if len(parts) == 2:
        unit, count = parts
        if unit not in _CLASSIC:
            request.error(f"`{unit}` is not a unit of {request.point.parts[0]}", f"use {_FORM}")
            return None
    elif len(parts) == 1 and (match := _DURATION.fullmatch(parts[0])):
        count, unit = match.group(1), match.group(2) or "ns"
    else:
        request.misformed(INTERVAL)
        return None
    number = count.replace("_", "")
    if not number.isdecimal() or not (period := _period(unit, int(number))):
        request.error(f"`{count}` is not a period", f"use {_FORM}")
        return None
    return period


def _period(unit: str, count: int) -> int:
    """0 for what is none."""
    period = _UNITS[unit](count) if count else 0
    return period if period < _LONGEST else 0


def _resolve(request: ProbeRequest) -> ResolvedProbe | None:
    period = period_of(request)
    if period is None:
        return None
    text = ":".join(("interval", *request.point.parts[1:]))
    return ResolvedProbe(INTERVAL, text, "perf_event", "interval", {"period_ns": period})


INTERVAL = ProbeKind("interval", ("i",), _FORM, "A timer that fires on one CPU.", _resolve)
