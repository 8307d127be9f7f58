"""What interval and profile have in common: a period."""

from __future__ import annotations

from aotrace.compiler.probes.context import perf_context
from aotrace.compiler.probes.record import ProbeKind, ProbeRequest, ResolvedProbe
from aotrace.runtime.points import period_ns, period_text

_SECTION = "perf_event"


def timer_form(name: str) -> str:
    return f"{name}:s|ms|us|hz:COUNT or {name}:5s"


def resolve_timer(kind: ProbeKind, request: ProbeRequest) -> ResolvedProbe | None:
    """A timer whose period the script says."""
    parts = (kind.name, *request.point.parts[1:])
    try:
        period = period_ns(parts)
    except ValueError as error:
        request.error(str(error), f"use {kind.form}")
        return None
    if period is None:
        request.misformed(kind)
        return None
    return ResolvedProbe(
        kind,
        period_text(parts),
        _SECTION,
        kind.name,
        {"period_ns": period},
        context=perf_context(request),
    )


def complete_timer(kind: ProbeKind, request: ProbeRequest) -> ResolvedProbe:
    """A timer whose period is a parameter."""
    text = ":".join((kind.name, *request.point.parts[1:]))
    return ResolvedProbe(kind, text, _SECTION, kind.name, {}, context=perf_context(request))
