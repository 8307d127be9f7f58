"""The highest rate of printf events that a tracer keeps up with without losing one.

A producer on processor 0 makes system calls at a steady rate; the tracer, on processor 1, prints
a line for each into a file in memory; the lines are counted afterwards.
"""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
import time
from pathlib import Path

from tests.bench.tracers import Tracer
from tests.support.places import BUILD

SCRIPT = Path(__file__).with_name("count.bt")
#: what is printed -> script, and further options of the tracer
KINDS: dict[str, tuple[Path, tuple[str, ...]]] = {
    "pid and comm": (SCRIPT, ()),
    "three strings": (Path(__file__).with_name("strings.bt"), ()),
    "an address": (Path(__file__).with_name("inet.bt"), ()),
    "as JSON": (SCRIPT, ("-f", "json")),
}
_PRODUCER = Path(__file__).with_name("producer.c")
_SECONDS = 4.0  # what fits into the tracers' buffers must not count
_LIMIT_SECONDS = 20.0
_MEMORY = "/dev/shm"
_LINE = b"producer"
# Calls a second; each step is a tenth more.
_LADDER = tuple(round(10_000 * 1.1**step) for step in range(60))


def build_producer() -> Path:
    target = BUILD / "bench" / "producer"
    target.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run(["gcc", "-O2", "-o", target, _PRODUCER], check=True)
    return target


def highest_rate(tracer: Tracer, producer: Path, kind: str) -> int:
    """Events a second without loss; 0 if even the lowest rate loses some.

    Bisects a ladder of rates; the rate given is the one that the producer really made.
    """
    script, options = KINDS[kind]
    *argv, last = tracer.prepare(script)
    argv += [*options, last]
    low, high, best = 0, len(_LADDER), 0
    while low < high:
        middle = (low + high) // 2
        made, seen, seconds = _run(argv, producer, _LADDER[middle])
        if seen == made:
            low, best = middle + 1, max(best, round(made / seconds))
        else:
            high = middle
    return best


def _run(argv: list[str], producer: Path, rate: int) -> tuple[int, int, float]:
    """(calls made, lines printed, seconds of the calls) of one run."""
    with tempfile.TemporaryFile(dir=_MEMORY) as output:
        tracer = subprocess.Popen(
            ["taskset", "-c", "1", *argv], stdout=output, stderr=subprocess.DEVNULL
        )
        try:
            _wait_until_tracing(producer, output.fileno())
            start = os.fstat(output.fileno()).st_size
            made, taken = _produce(producer, rate, _SECONDS)
            _wait_until_quiet(output.fileno())
        finally:
            _end(tracer)
        output.seek(start)
        return made, sum(_LINE in line for line in output), taken


def _end(tracer: subprocess.Popen[bytes]) -> None:
    """Some never end that have lost many events; their lines were counted before."""
    tracer.send_signal(signal.SIGINT)
    try:
        tracer.wait(_LIMIT_SECONDS)
    except subprocess.TimeoutExpired:
        tracer.kill()
        tracer.wait()


def _wait_until_tracing(producer: Path, output: int) -> None:
    deadline = time.monotonic() + _LIMIT_SECONDS
    while _LINE not in os.pread(output, 1 << 16, 0):
        if time.monotonic() > deadline:
            said = os.pread(output, 1 << 16, 0).decode(errors="replace")
            raise RuntimeError(f"the tracer shows no event; it said: {said}")
        _produce(producer, 1000, 0.05)
    _wait_until_quiet(output)


def _wait_until_quiet(output: int) -> None:
    """Until no line came for a while: what is in the buffers still counts."""
    size = -1
    while size != (size := os.fstat(output).st_size):
        time.sleep(0.4)


def _produce(producer: Path, rate: int, seconds: float) -> tuple[int, float]:
    command = [str(producer), "0", str(rate), str(seconds)]
    done = subprocess.run(command, capture_output=True, check=True)
    made, nanoseconds = map(int, done.stdout.split())
    return made, nanoseconds / 1e9
