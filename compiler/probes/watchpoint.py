"""watchpoint: an access to memory at an address, by the processor's debug registers."""

from __future__ import annotations

from aotrace.compiler.probes.context import perf_context
from aotrace.compiler.probes.record import ProbeKind, ProbeRequest, ResolvedProbe
from aotrace.runtime import perf_events

_SECTION, _MECHANISM = "perf_event", "watchpoint"


def _resolve(request: ProbeRequest) -> ResolvedProbe | None:
    parts = ("watchpoint", *request.point.parts[1:])
    arch = request.arch.name
    try:
        found = perf_events.watched(parts, arch)
    except ValueError as error:
        request.error(str(error), f"use {WATCHPOINT.form}")
        return None
    except LookupError as error:
        request.error(str(error.args[0]), f"it has: {', '.join(perf_events.MODES[arch])}")
        return None
    if found is None:
        request.misformed(WATCHPOINT)
        return None
    address, length, mode = found
    target = {"address": address, "length": length, "mode": mode}
    text = f"watchpoint:{address}:{length}:{mode}"
    return ResolvedProbe(
        WATCHPOINT, text, _SECTION, _MECHANISM, target, context=perf_context(request)
    )


def _complete(request: ProbeRequest) -> ResolvedProbe:
    text = ":".join(("watchpoint", *request.point.parts[1:]))
    return ResolvedProbe(WATCHPOINT, text, _SECTION, _MECHANISM, {}, context=perf_context(request))


# the loader watches the threads of a process for -p: there is nothing to filter
WATCHPOINT = ProbeKind(
    "watchpoint", ("w",), "watchpoint:ADDRESS:LENGTH:MODE", "An access to memory at an address.",
    _resolve, registers=True, complete=_complete,
)  # fmt: skip
