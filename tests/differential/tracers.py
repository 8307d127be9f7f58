"""Runs a case under bpftrace 0.27 and under aotrace, in both output formats, all four at once."""

from __future__ import annotations

import functools
import itertools
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from aotrace.compiler.diagnostics import CompileError
from aotrace.compiler.pipeline import Compiler
from aotrace.compiler.source import Source

from tests.differential.cases import Case
from tests.support.forky import bpftrace27
from tests.support.places import console_script

FORMATS = ("text", "json")
WORKLOAD = Path(__file__).with_name("workload.py")
_TIMEOUT_SECONDS = 60.0
# A script's errors are told before anything is traced, a run's own ones where they happen.
_ERRORS = ("ERROR: ", "BUG: ")
_RAW = re.compile(r"^(rawtracepoint|rt):", re.MULTILINE)
_RAW_FUNCTIONS = ("__probestub_", "__traceiter_", "__bpf_trace_")
_numbers = itertools.count(1)


class Outcome(NamedTuple):
    """What became of one run. errors: the lines in which a tracer says that it failed."""

    status: int
    stdout: str
    errors: str


class Run:
    """One tracer at work, as a child process."""

    def __init__(self, case: Case, script: str, token: str, argv: list[str]) -> None:
        self.case = case
        self.script = script
        self.token = token
        self._process = subprocess.Popen(
            argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )

    def outcome(self) -> Outcome:
        """Wait for its end. Raises subprocess.TimeoutExpired for one that does not come."""
        try:
            out, err = self._process.communicate(timeout=_TIMEOUT_SECONDS)
        finally:
            self._process.kill()
        stdout = out.decode(errors="surrogateescape").replace(self.token, "TOKEN")
        said = err.decode(errors="replace").splitlines()
        errors = "\n".join(line for line in said if any(word in line for word in _ERRORS))
        return Outcome(self._process.returncode, self.case.visible(stdout), errors)


class Refused:
    """A script that our compiler did not take."""

    def __init__(self, error: CompileError) -> None:
        self._error = error

    def outcome(self) -> Outcome:
        return Outcome(1, "", str(self._error))


def compare(
    case: Case, compiler: Compiler, folder: Path, formats: Sequence[str] = FORMATS
) -> list[tuple[str, Outcome, Outcome]]:
    """Per format: what bpftrace made of the case, and what aotrace did."""
    theirs = [_bpftrace(case, folder, format_) for format_ in formats]
    ours = [_aotrace(case, compiler, folder, format_) for format_ in formats]
    return [
        (format_, their.outcome(), our.outcome())
        for format_, their, our in zip(formats, theirs, ours)
    ]


def _bpftrace(case: Case, folder: Path, format_: str) -> Run:
    token = _token()
    script = case.script.replace("TOKEN", token)
    path = folder / f"{format_}.bt"
    path.write_text(script, encoding="utf-8")
    options = ["-f", format_, "--no-warnings", *case.flags, *_command(case, token)]
    if _RAW.search(script):
        options += ["--traceable-functions", _traceable().name]
    return Run(case, script, token, bpftrace27(*options, str(path), "--", *case.words))


def _aotrace(case: Case, compiler: Compiler, folder: Path, format_: str) -> Run | Refused:
    token = _token()
    script = case.script.replace("TOKEN", token)
    path = folder / f"{format_}.bpf.o"
    try:
        source = Source("script.bt", script)
        path.write_bytes(compiler.emit(source, compiler.analyse(source)).object)
    except CompileError as error:
        return Refused(error)
    options = ["-f", format_, "--no-warnings", *case.flags, *_command(case, token)]
    argv = [str(console_script("aotrace")), "run", str(path), *options, "--", *case.words]
    return Run(case, script, token, argv)


def _command(case: Case, token: str) -> list[str]:
    if case.workload is None:
        return []
    return ["-c", f"{sys.executable} -IS {WORKLOAD} {case.workload} {token}"]


@functools.cache
def _traceable() -> tempfile._TemporaryFileWrapper[str]:
    """The functions of raw tracepoints: a kernel in lockdown does not say what can be traced.

    The file goes with this process.
    """
    listed = tempfile.NamedTemporaryFile("w")  # noqa: SIM115
    words = (line.split() for line in Path("/proc/kallsyms").read_text().splitlines())
    listed.writelines(f"{name}\n" for _, _, name, *_ in words if name.startswith(_RAW_FUNCTIONS))
    listed.flush()
    return listed


def _token() -> str:
    """A number that no other run of this machine has; always eight digits, so that columns stay."""
    return f"{os.getpid() % 100_000:05}{next(_numbers) % 1000:03}"
