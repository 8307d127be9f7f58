"""The table of costs: ns per event and verified instructions, each tracer beside the C program."""

from __future__ import annotations

from collections.abc import Sequence

from tests.bench.cost.cases import CASES
from tests.bench.cost.measure import Cost, build_caller, hand_argv, measure, tool_argv, tracer_argv
from tests.bench.tracers import Tracer

_HAND = "C"
_TOOLS = "libbpf-tools"


def print_costs(tracers: Sequence[Tracer], only: Sequence[str] = ()) -> None:
    """Every case (or those named) under every tracer; in brackets what was verified."""
    print("\nns per event in the kernel (verified instructions)")
    names = [*(tracer.name for tracer in tracers), _TOOLS, _HAND]
    print(f"  {'':18}" + "".join(f"{name:>18}" for name in names) + f"{'to C':>8}", flush=True)
    caller = build_caller()
    for case in CASES:
        if only and case.name not in only:
            continue
        ours_and_theirs = (tracer_argv(case, tracer) for tracer in tracers)
        argvs = [*ours_and_theirs, tool_argv(case), hand_argv(case)]
        costs = [measure(case, argv, caller) if argv else None for argv in argvs]
        by_hand = costs[-1]
        cells = "".join(f"{_cell(cost):>18}" for cost in costs)
        ratio = costs[0].nanoseconds / by_hand.nanoseconds if costs[0] and by_hand else 0
        print(f"  {case.name:18}{cells}{ratio:>8.2f}", flush=True)


def _cell(cost: Cost | None) -> str:
    return f"{cost.nanoseconds:.0f} ({cost.verified})" if cost else "-"
