"""Runs several tracers at once over one workload: attaching is what takes the time.

`batch.py PLAN` reads a JSON file {"tracers": {name: argv}, "workload": argv, "settle": s,
"timeout": s}: starts the tracers one after another, waits until each is attached, runs the
workload, waits `settle` seconds, interrupts them all, and prints {"workload": text, "outcomes":
{name: [status, stdout, stderr]}}. Standard library only, any Python from 3.9.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from typing import Any

_ATTACHED = b"Attached "
_POLL_SECONDS = 0.02


class Tracer:
    """One tracer with its output."""

    def __init__(self, argv: list[str]) -> None:
        self._out, self._err = tempfile.TemporaryFile(), tempfile.TemporaryFile()  # noqa: SIM115
        self._process = subprocess.Popen(
            argv, stdin=subprocess.DEVNULL, stdout=self._out, stderr=self._err
        )

    def settled(self) -> bool:
        """Whether it is attached, or has given up."""
        said = (_content(self._out), _content(self._err))
        return self._process.poll() is not None or any(_ATTACHED in text for text in said)

    def interrupt(self) -> None:
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)

    def outcome(self, deadline: float) -> list[Any]:
        """Status (None: it had to be killed) and both streams."""
        try:
            status = self._process.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            status = None
        out, err = (_content(f).decode("utf-8", "replace") for f in (self._out, self._err))
        return [status, out, err]


def _content(stream: Any) -> bytes:
    return os.pread(stream.fileno(), os.fstat(stream.fileno()).st_size, 0)


def _said(argv: list[str], seconds: float) -> str:
    try:
        done = subprocess.run(argv, capture_output=True, text=True, timeout=seconds)
    except subprocess.TimeoutExpired as error:
        return str(error)
    return done.stdout or done.stderr


def main(path: str) -> int:
    with open(path) as file:
        plan = json.load(file)
    deadline = time.monotonic() + plan["timeout"]
    tracers = {}
    for name, argv in plan["tracers"].items():
        tracers[name] = tracer = Tracer(argv)
        while not tracer.settled() and time.monotonic() < deadline:
            time.sleep(_POLL_SECONDS)
    work = _said(plan["workload"], max(1.0, deadline - time.monotonic()))
    time.sleep(plan["settle"])
    for tracer in tracers.values():
        tracer.interrupt()
    outcomes = {name: tracer.outcome(deadline) for name, tracer in tracers.items()}
    print(json.dumps({"workload": work, "outcomes": outcomes}))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
