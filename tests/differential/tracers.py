"""Runs a case under bpftrace 0.27 and under aotrace, in both output formats, all four at once."""

from __future__ import annotations

import atexit
import functools
import itertools
import os
import re
import shutil
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
from tests.support import traced
from tests.support.compiling import allowing
from tests.support.forky import bpftrace27
from tests.support.places import console_script

FORMATS = ("text", "json")
_WORKLOAD = Path(__file__).with_name("workload.py")
_TIMEOUT_SECONDS = 60.0
# A script's errors are told before anything is traced, a run's own ones where they happen.
_ERRORS = ("ERROR: ", "BUG: ")
_RAW = re.compile(r"^(raw[a-z*]*|rt):", re.MULTILINE)
_RAW_FUNCTIONS = ("__probestub_", "__traceiter_", "__bpf_trace_")
_numbers = itertools.count(1)


class Outcome(NamedTuple):
    """What became of one run. errors: the lines in which a tracer says that it failed."""

    status: int
    stdout: str
    errors: str


class Run:
    """One tracer at work, as a child process."""

    def __init__(self, case: Case, token: str, argv: list[str]) -> None:
        self.case = case
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


def argv_of_bpftrace(
    script: str, path: Path, options: Sequence[str] = (), words: Sequence[str] = ()
) -> list[str]:
    """What runs a script, which is written to the path, under bpftrace."""
    path.write_text(script, encoding="utf-8")
    lists = ["--traceable-functions", _traceable().name] if _RAW.search(script) else []
    return bpftrace27("--no-warnings", *lists, *options, str(path), "--", *words)


def argv_of_aotrace(
    script: str, path: Path, compiler: Compiler, options: Sequence[str] = (),
    words: Sequence[str] = (),
) -> list[str]:  # fmt: skip
    """What runs a script, whose object is written to the path. Raises CompileError."""
    compiler = allowing(compiler, "--unsafe" in options)
    source = Source("script.bt", script)
    path.write_bytes(compiler.emit(source, compiler.analyse(source)).object)
    program = str(console_script("aotrace"))
    return [program, "run", str(path), "--no-warnings", *options, "--", *words]


def _bpftrace(case: Case, folder: Path, format_: str) -> Run:
    token = new_token()
    script, options = _of_run(case, folder, format_, token)
    return Run(case, token, argv_of_bpftrace(script, folder / f"{format_}.bt", options, case.words))


def _aotrace(case: Case, compiler: Compiler, folder: Path, format_: str) -> Run | Refused:
    token = new_token()
    script, options = _of_run(case, folder, format_, token)
    path = folder / f"{format_}.bpf.o"
    try:
        return Run(case, token, argv_of_aotrace(script, path, compiler, options, case.words))
    except CompileError as error:
        return Refused(error)


def _of_run(case: Case, folder: Path, format_: str, token: str) -> tuple[str, list[str]]:
    """The script and the options of one run."""
    script, command = case.script.replace("TOKEN", token), _command(case, token)
    if case.program:
        name, *words = case.program
        program = folder / f"{name}{token}"
        shutil.copy(traced.shared(name), program)
        script, command = script.replace("PROGRAM", str(program)), [str(program), *words]
    options = ["-f", format_, *case.flags, *(["-c", " ".join(command)] if command else [])]
    return script, options


def _command(case: Case, token: str) -> list[str]:
    return workload(case.workload, token) if case.workload else []


def workload(job: str, token: str) -> list[str]:
    """The argv of a job of workload.py, or of a program (`calls.c`) of programs/."""
    if job.endswith(".c"):
        return [str(_program(job)), token]
    return [sys.executable, "-IS", str(_WORKLOAD), job, token]


@functools.cache
def _program(name: str) -> Path:
    """Compiled with frame pointers, and as it is written: no call becomes a jump."""
    folder = tempfile.mkdtemp(prefix="aotrace-differential-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    path = Path(folder) / name.removesuffix(".c")
    source = Path(__file__).parent / "programs" / name
    flags = ["-O1", "-fno-omit-frame-pointer", "-mno-omit-leaf-frame-pointer"]
    flags += ["-fno-optimize-sibling-calls", "-o", str(path)]
    subprocess.run(["gcc", *flags, str(source)], check=True)
    return path


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


def new_token() -> str:
    """A number that no other run of this machine has; always eight digits, so that columns stay."""
    return f"{os.getpid() % 100_000:05}{next(_numbers) % 1000:03}"
