"""self: what happens to the tracer itself; run once by the loader, in its own context."""

from __future__ import annotations

from aotrace.compiler.probes.record import ProbeKind, ProbeRequest, ResolvedProbe
from aotrace.compiler.probes.special import SPECIAL

_SIGNAL = "signal"
_SIGNALS = ("SIGUSR1",)


def _resolve(request: ProbeRequest) -> ResolvedProbe | None:
    parts = request.point.parts
    if len(parts) != 3:
        request.misformed(SELF)
        return None
    if parts[1] != _SIGNAL:
        request.error(f"`{parts[1]}` is nothing that a self probe waits for", f"use {SELF.form}")
        return None
    if parts[2] not in _SIGNALS:
        request.error(f"`{parts[2]}` is no signal that a self probe waits for", f"use {SELF.form}")
        return None
    text = ":".join(("self", *parts[1:]))
    return ResolvedProbe(SELF, text, "raw_tp", "signal", {"signal": parts[2]})


SELF = ProbeKind(
    "self", (), "self:signal:SIGUSR1", "Runs when the tracer gets a signal.", _resolve,
    family=SPECIAL,
)  # fmt: skip
