"""One script from text to object on the build host: time, and the size of what comes out."""

from __future__ import annotations

import statistics
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from tests.bench.tracers import build_command
from tests.support.places import BUILD


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
