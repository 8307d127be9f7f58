"""One script from text to object on the build host: time, and the size of what comes out."""

from __future__ import annotations

import statistics
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from aotrace.compiler.arch import X86_64
from aotrace.compiler.codegen.backend import Backend
from aotrace.compiler.diagnostics import CompileError
from aotrace.compiler.kernel.sources import open_sources
from aotrace.compiler.pipeline import Compiler, Options
from aotrace.compiler.source import Source

from tests.bench.tracers import build_command
from tests.support.places import BUILD


@dataclass(frozen=True)
class Together:
    """Scripts compiled one after the other in one process: milliseconds a script (least, median).

    Of those that compile; failed counts the others.
    """

    scripts: int
    failed: int
    least: float
    median: float
    slowest: str


def measure_together(scripts: Sequence[Path], rounds: int) -> Together:
    """The kernel's BTF is read and LLVM started before the clock runs; both are once a process."""
    sources = [Source(str(path), path.read_text(encoding="utf-8")) for path in scripts]
    with Compiler(open_sources(), Options(X86_64), Backend()) as compiler:
        took = {source.name: _milliseconds(compiler, source) for source in sources}  # warms up
        good = [source for source in sources if took[source.name] is not None]
        averages = []
        for _ in range(rounds):
            times = {source.name: _milliseconds(compiler, source) or 0.0 for source in good}
            averages.append(sum(times.values()) / max(len(times), 1))
    slowest = max(times, key=lambda name: times[name], default="")
    failed, median = len(sources) - len(good), statistics.median(averages)
    return Together(len(good), failed, min(averages), median, Path(slowest).stem)


def _milliseconds(compiler: Compiler, source: Source) -> float | None:
    """None for a script that does not compile."""
    start = time.monotonic()
    try:
        compiler.emit(source, compiler.analyse(source))
    except CompileError:
        return None
    return (time.monotonic() - start) * 1000


@dataclass(frozen=True)
class Compiling:
    """Milliseconds of the whole process, kernel BTF and all (least, median); size in bytes."""

    least: float
    median: float
    size: int


def measure_compiling(script: Path, rounds: int) -> Compiling:
    target = BUILD / "bench" / f"{script.stem}.bpf.o"
    target.parent.mkdir(parents=True, exist_ok=True)
    times = []
    for _ in range(rounds):
        start = time.monotonic()
        subprocess.run(build_command(script, target), check=True)
        times.append((time.monotonic() - start) * 1000)
    return Compiling(min(times), statistics.median(times), target.stat().st_size)
