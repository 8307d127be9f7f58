"""interval: a timer on one CPU."""

from __future__ import annotations

from aotrace.compiler.probes.record import ProbeKind, ProbeRequest, ResolvedProbe
from aotrace.runtime.points import period_ns

_FORM = "interval:s|ms|us|hz:COUNT or interval:5s"


def period_of(request: ProbeRequest) -> int | None:
    """Nanoseconds between two events; None after an error."""
    try:
        period = period_ns(request.point.parts)
    except ValueError as error:
        request.error(str(error), f"use {_FORM}")
        return None
    if period is None:
        request.misformed(INTERVAL)
    return period


def _resolve(request: ProbeRequest) -> ResolvedProbe | None:
    period = period_of(request)
    if period is None:
        return None
    text = ":".join(("interval", *request.point.parts[1:]))
    return ResolvedProbe(INTERVAL, text, "perf_event", "interval", {"period_ns": period})


def _complete(request: ProbeRequest) -> ResolvedProbe:
    text = ":".join(("interval", *request.point.parts[1:]))
    return ResolvedProbe(INTERVAL, text, "perf_event", "interval", {})


INTERVAL = ProbeKind(
    "interval", ("i",), _FORM, "A timer that fires on one CPU.", _resolve, complete=_complete
)
