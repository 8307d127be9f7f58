"""interval: a timer on one CPU."""

from __future__ import annotations

from aotrace.compiler.probes.record import ProbeKind, ProbeRequest, ResolvedProbe
from aotrace.compiler.probes.timer import complete_timer, resolve_timer, timer_form


def _resolve(request: ProbeRequest) -> ResolvedProbe | None:
    return resolve_timer(INTERVAL, request)


def _complete(request: ProbeRequest) -> ResolvedProbe:
    return complete_timer(INTERVAL, request)


INTERVAL = ProbeKind(
    "interval", ("i",), timer_form("interval"), "A timer that fires on one CPU.",
    _resolve, registers=True, complete=_complete,
)  # fmt: skip
