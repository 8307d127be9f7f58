"""`make bench`: aotrace beside every bpftrace of this machine, in the same run.

Prints tables of figures and ratios; nothing is asserted, since times belong to the machine.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.bench import attaching, events, startup
from tests.bench.compiling import measure_compiling, measure_together
from tests.bench.cost.table import print_costs
from tests.bench.tracers import Tracer, present_tracers
from tests.support.forky import ROOT
from tests.support.places import BUILD, LOADER_PARTS, PACKS, PROJECT, SYSTEM_PYTHON
from tests.support.requirements import missing
from tests.support.tracefs import mount_tracing

_ROUNDS = 10
_TOGETHER_ROUNDS = 3
_NEEDS = ("root", "bpf", "btf", "libbpf", "gcc", "system-python")


def _print_row(*cells: str) -> None:
    first, *rest = cells
    print(f"  {first:18}" + "".join(f"{cell:>14}" for cell in rest), flush=True)


def _compare_startup(tracers: list[Tracer]) -> None:
    print("\nexec to first event, and peak memory (script: connect.bt)")
    _print_row("", "least ms", "median ms", "processor ms", "memory MB", "time", "memory")
    measured = startup.measure_startup(tracers, _ROUNDS)
    ours = measured[0]
    for tracer, got in zip(tracers, measured):
        figures = (got.least, got.median, got.processor, got.memory)
        ratios = (got.median / ours.median, got.memory / ours.memory)
        cells = [f"{figure:.0f}" for figure in figures] + [f"{ratio:.1f}x" for ratio in ratios]
        _print_row(tracer.name, *cells)


def _compare_events(tracers: list[Tracer]) -> None:
    print("\nprintf events a second without loss (one producer, the tracer on the other processor)")
    _print_row("", *(tracer.name for tracer in tracers), *(f"/ {t.name[-4:]}" for t in tracers[1:]))
    producer = events.build_producer()
    for kind in events.KINDS:
        ours, *others = (events.highest_rate(tracer, producer, kind) for tracer in tracers)
        ratios = (f"{ours / rate:.1f}" if rate else "-" for rate in others)
        _print_row(kind, *(f"{rate:,}" for rate in (ours, *others)), *ratios)


def _show_compiling() -> None:
    print("\naotracec build, whole process with the kernel's BTF")
    _print_row("", "least ms", "median ms", "object bytes")
    for script in _scripts():
        got = measure_compiling(script, _ROUNDS)
        _print_row(script.name, f"{got.least:.0f}", f"{got.median:.0f}", f"{got.size:,}")


def _show_together() -> None:
    scripts = sorted((ROOT / "usr/sbin").glob("*.bt"))
    if not scripts:
        print("\nno tools of bpftrace 0.27: run make rootfs")
        return
    got = measure_together(scripts, _TOGETHER_ROUNDS)
    counts = f"{got.scripts} scripts, {got.failed} refused"
    print(f"\nall tools of bpftrace 0.27, one process ({counts})")
    _print_row("", "least ms", "median ms", "slowest")
    _print_row("a script", f"{got.least:.0f}", f"{got.median:.0f}", got.slowest)


def _scripts() -> list[Path]:
    return [startup.SCRIPT, events.SCRIPT, *sorted(PACKS.glob("net/tcpconnect.bt"))]


def main() -> int:
    lacking = [reason for need in _NEEDS if (reason := missing(need))]
    if lacking:
        print("error: " + "; ".join(lacking), file=sys.stderr)
        return 1
    mount_tracing()
    (BUILD / "bench").mkdir(parents=True, exist_ok=True)
    parts = [PROJECT / part for part in LOADER_PARTS]
    subprocess.run([SYSTEM_PYTHON, "-m", "compileall", "-q", *parts], check=True)
    compiler = PROJECT / "compiler"
    subprocess.run([sys.executable, "-m", "compileall", "-q", *parts, compiler], check=True)
    tracers = present_tracers()
    _show_compiling()
    _show_together()
    _compare_startup(tracers)
    _compare_events(tracers)
    print_costs(tracers)
    if not missing("kernels"):
        attaching.main()
    return 0


if __name__ == "__main__":
    sys.exit(main())
