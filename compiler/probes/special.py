"""BEGIN and END: run once by the loader, in its own context."""

from __future__ import annotations

from functools import partial

from aotrace.compiler.probes.record import ProbeKind, ProbeRequest, ResolvedProbe

SPECIAL = "special"  # what `probetype` says of what the tracer itself does


def _resolve(mechanism: str, request: ProbeRequest) -> ResolvedProbe | None:
    if len(request.point.parts) > 1:
        request.error(f"{mechanism} takes nothing after its name")
        return None
    kind = BEGIN if mechanism == "begin" else END
    return ResolvedProbe(kind, mechanism, "raw_tp", mechanism, {})


BEGIN = ProbeKind(
    "begin", ("BEGIN",), "begin", "Runs once when tracing starts.", partial(_resolve, "begin"),
    family=SPECIAL,
)  # fmt: skip
END = ProbeKind(
    "end", ("END",), "end", "Runs once when tracing ends.", partial(_resolve, "end"),
    family=SPECIAL,
)  # fmt: skip
