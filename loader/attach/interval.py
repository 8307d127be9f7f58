"""interval: a perf event of the software clock on one CPU. Target: period_ns."""

from __future__ import annotations

from aotrace.loader.attach import perf
from aotrace.loader.attach.mechanism import Mechanism
from aotrace.runtime import perf_events

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from aotrace.loader.attach.mechanism import Scope, Target
    from aotrace.loader.libbpf.handles import Link, Program
    from aotrace.loader.libbpf.lib import BpfError


def attach(program: Program, target: Target, scope: Scope) -> Link:
    return program.attach_perf_event(-1, perf.online()[0], **clock(target))


def clock(target: Target) -> dict[str, int]:
    """The fields of the software clock's perf event."""
    return {
        "type": perf_events.TYPE_SOFTWARE,
        "config": perf_events.CPU_CLOCK,
        "sample_period": int(target["period_ns"]),
    }


def explain(target: Target, error: BpfError) -> tuple[str, str]:
    reason, hint = perf.refused(error)
    return reason or f"no timer of {target['period_ns']} ns: {error}", hint


def locate(parts: list[str], target: Target) -> Target:
    """Raises ValueError for what is no period, KeyError for another form."""
    from aotrace.runtime import points

    period = points.period_ns(parts)
    if period is None:
        raise KeyError(parts[0])
    return {**target, "period_ns": period}


def named(parts: Sequence[str]) -> str:
    from aotrace.runtime import points

    return points.period_text(parts)


MECHANISM = Mechanism(attach, explain, locate=locate, named=named)
