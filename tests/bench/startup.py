"""From exec to the first event on the reader's side, and the memory it took.

The same for every tracer, whatever it prints about attaching: connections are refused on the
loopback all the time, and the clock stops when the first of them shows in the tracer's output.
"""

from __future__ import annotations

import os
import re
import select
import signal
import socket
import statistics
import subprocess
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from tests.bench.tracers import Tracer

SCRIPT = Path(__file__).with_name("connect.bt")
_MARK = b"127.0.0.1"
_LIMIT_SECONDS = 20.0
_TRIGGER_SECONDS = 0.001


@dataclass(frozen=True)
class Round:
    """One start: seconds from exec to the first event, processor seconds of it all, peak MB."""

    wall: float
    processor: float
    memory: float


@dataclass(frozen=True)
class Startup:
    """Of many starts: milliseconds (least, median), processor milliseconds (median), peak MB."""

    least: float
    median: float
    processor: float
    memory: float


def measure_startup(tracers: list[Tracer], rounds: int) -> list[Startup]:
    """The tracers take turns, so that other work on the machine falls on all alike."""
    commands = [tracer.prepare(SCRIPT) for tracer in tracers]
    with _Refusals():
        turns = [[_one_round(argv) for argv in commands] for _ in range(rounds)]
    return [_summary(measured) for measured in zip(*turns)]


def _summary(measured: tuple[Round, ...]) -> Startup:
    walls = [one.wall * 1000 for one in measured]
    processor = statistics.median(one.processor * 1000 for one in measured)
    memory = max(one.memory for one in measured)
    return Startup(min(walls), statistics.median(walls), processor, memory)


def _one_round(argv: list[str]) -> Round:
    start = time.monotonic()
    tracer = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert tracer.stdout is not None
    try:
        _read_until_mark(tracer.stdout.fileno(), start + _LIMIT_SECONDS)
        wall = time.monotonic() - start
        memory = _peak_memory(tracer.pid)
    finally:
        tracer.send_signal(signal.SIGINT)
        tracer.stdout.close()
        _, _, usage = os.wait4(tracer.pid, 0)
        tracer.returncode = 0
    return Round(wall, usage.ru_utime + usage.ru_stime, memory)


def _peak_memory(pid: int) -> float:
    """MB. The process's own, unlike ru_maxrss, which begins with that of whoever started it."""
    status = Path(f"/proc/{pid}/status").read_text()
    kilobytes = re.search(r"^VmHWM:\s*(\d+) kB", status, re.MULTILINE)
    assert kilobytes is not None  # it lives, and is no kernel thread
    return int(kilobytes[1]) / 1024


def _read_until_mark(stream: int, deadline: float) -> None:
    seen = b""
    while _MARK not in seen:
        ready = select.select([stream], [], [], max(0.0, deadline - time.monotonic()))[0]
        chunk = os.read(stream, 65536) if ready else b""
        if not chunk:
            raise RuntimeError(f"no event came; the tracer said: {seen.decode(errors='replace')}")
        seen += chunk


class _Refusals:
    """Connects to a closed port again and again, on a thread of its own."""

    def __init__(self) -> None:
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._connect)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _connect(self) -> None:
        with socket.socket() as reserved:
            reserved.bind(("127.0.0.1", 0))
            while not self._stop.wait(_TRIGGER_SECONDS):
                with socket.socket() as client:
                    client.connect_ex(reserved.getsockname())
