"""profile: a timer on every CPU, which samples what runs there."""

from __future__ import annotations

from aotrace.compiler.probes.record import ProbeKind, ProbeRequest, ResolvedProbe
from aotrace.compiler.probes.timer import complete_timer, resolve_timer, timer_form


def _resolve(request: ProbeRequest) -> ResolvedProbe | None:
    return resolve_timer(PROFILE, request)


def _complete(request: ProbeRequest) -> ResolvedProbe:
    return complete_timer(PROFILE, request)


# the loader opens a process's own timers for -p: there is nothing to filter
PROFILE = ProbeKind(
    "profile", ("p",), timer_form("profile"), "A timer that fires on every CPU.",
    _resolve, registers=True, complete=_complete,
)  # fmt: skip
