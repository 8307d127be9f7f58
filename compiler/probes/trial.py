"""test and bench: programs that `aotrace run --test` and `--bench` run, by name."""

from __future__ import annotations

from functools import partial

from aotrace.compiler.probes.record import ProbeKind, ProbeRequest, ResolvedProbe

#: Sections: a test has what begin has; a benchmark's program type is one that the kernel repeats.
_SECTIONS = {"test": "raw_tp", "bench": "xdp"}


def _resolve(name: str, request: ProbeRequest) -> ResolvedProbe | None:
    kind = _KINDS[name]
    parts = request.point.parts
    if len(parts) != 2 or not parts[1]:
        request.misformed(kind)
        return None
    text = f"{name}:{parts[1]}"
    return ResolvedProbe(kind, text, _SECTIONS[name], name, {"name": parts[1]}, returns=True)


TEST = ProbeKind(
    "test", (), "test:NAME", "A test, run by --test: it passes if it returns 0.",
    partial(_resolve, "test"), unique=True,
)  # fmt: skip
BENCH = ProbeKind(
    "bench", (), "bench:NAME", "A micro benchmark, run by --bench.",
    partial(_resolve, "bench"), unique=True,
)  # fmt: skip
_KINDS = {kind.name: kind for kind in (TEST, BENCH)}
