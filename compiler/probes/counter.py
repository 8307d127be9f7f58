"""software and hardware: every so many events of the kernel's or the processor's counters."""

from __future__ import annotations

from functools import partial

from aotrace.compiler.diagnostics import did_you_mean
from aotrace.compiler.probes.context import perf_context
from aotrace.compiler.probes.record import ProbeKind, ProbeRequest, ResolvedProbe, Side
from aotrace.runtime import perf_events

_SECTION, _MECHANISM = "perf_event", "counter"


def _resolve(family: str, request: ProbeRequest) -> ResolvedProbe | None:
    kind = _KINDS[family]
    parts = (family, *request.point.parts[1:])
    try:
        found = perf_events.counted(parts)
    except ValueError as error:
        request.error(str(error), f"use {kind.form}")
        return None
    except LookupError as error:
        name, known = parts[1], perf_events.names(family)
        hints = did_you_mean(name, known) or (f"there are: {', '.join(known)}",)
        request.error(str(error.args[0]), *hints)
        return None
    if found is None:
        request.misformed(kind)
        return None
    event, count, text = found
    target = {"family": family, "event": event.name, "count": count}
    return ResolvedProbe(kind, text, _SECTION, _MECHANISM, target, context=perf_context(request))


def _complete(family: str, request: ProbeRequest) -> ResolvedProbe:
    text = ":".join((family, *request.point.parts[1:]))
    return ResolvedProbe(
        _KINDS[family],
        text,
        _SECTION,
        _MECHANISM,
        {"family": family},
        context=perf_context(request),
    )


# the loader opens a process's own counters for -p: there is nothing to filter
SOFTWARE = ProbeKind(
    "software", ("s",), "software:EVENT[:COUNT]", "Every so many events that the kernel counts.",
    partial(_resolve, "software"), registers=True, complete=partial(_complete, "software"),
    side=Side.KERNEL,
)  # fmt: skip
HARDWARE = ProbeKind(
    "hardware", ("h",), "hardware:EVENT[:COUNT]", "Every so many events that the processor counts.",
    partial(_resolve, "hardware"), registers=True, complete=partial(_complete, "hardware"),
    side=Side.KERNEL,
)  # fmt: skip
_KINDS = {kind.name: kind for kind in (SOFTWARE, HARDWARE)}
