"""bpftrace and aotrace side by side: one script, both attached at the same time."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import NamedTuple

from aotrace.compiler.pipeline import Compiler

from tests.differential.tracers import argv_of_aotrace, argv_of_bpftrace

_SECONDS = 60


class Ended(NamedTuple):
    """How a tracer ended, and what it printed after its first line."""

    status: int
    stdout: str


class Pair:
    """Two tracers of one script, whose first output must be `begin`: they are waited for."""

    def __init__(self, compiler: Compiler, folder: Path, script: str, *options: str) -> None:
        argvs = (
            argv_of_bpftrace(script, folder / "script.bt", options),
            argv_of_aotrace(script, folder / "script.bpf.o", compiler, options),
        )
        self.tracers = [_start(argv) for argv in argvs]
        for tracer in self.tracers:
            _await_begin(tracer)

    def __enter__(self) -> Pair:
        return self

    def __exit__(self, *_: object) -> None:
        for tracer in self.tracers:
            tracer.kill()
            tracer.communicate()

    def send(self, number: int) -> None:
        for tracer in self.tracers:
            tracer.send_signal(number)

    def ends(self) -> list[Ended]:
        """Wait until both have ended; bpftrace's end comes first."""
        ended = []
        for tracer in self.tracers:
            out, _ = tracer.communicate(timeout=_SECONDS)
            ended.append(Ended(tracer.returncode, out.decode(errors="surrogateescape")))
        return ended


def _start(argv: list[str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(  # unbuffered: what is read line by line is not kept from communicate()
        argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, bufsize=0
    )


def _await_begin(tracer: subprocess.Popen[bytes]) -> None:
    assert tracer.stdout is not None
    while b"begin" not in (line := tracer.stdout.readline()):
        assert line, f"{tracer.args!r} ended too early"
