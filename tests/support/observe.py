"""Runs a tracer as a user does: start, wait until attached, work, Ctrl-C, read what it said.

Standard library only and any Python from 3.9: the same code runs in the guests of
tests/kernels (guest.py) and on the machine itself.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import signal
import subprocess
import tempfile
import time
from typing import Any

_POLL_SECONDS = 0.02


class JobError(Exception):
    """A job did not end as it should; the message quotes what it printed."""


class Job:
    """One tracer run.

    argv starts the tracer; ready is a regular expression that a line of its output (either
    stream) must match before workload is started; None starts the workload at once. After the
    workload and settle seconds the tracer gets SIGINT, unless it has ended by itself or interrupt
    is false. All times are in seconds.
    """

    def __init__(
        self,
        name: str,
        argv: list[str],
        *,
        ready: str | None = None,
        workload: list[str] | None = None,
        settle: float = 0.3,
        interrupt: bool = True,
        timeout: float = 60.0,
        env: dict[str, str] | None = None,
    ) -> None:
        self.name = name
        self.argv = argv
        self.ready = ready
        self.workload = workload
        self.settle = settle
        self.interrupt = interrupt
        self.timeout = timeout
        self.env = env or {}

    def to_json(self) -> dict[str, Any]:
        return dict(self.__dict__)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Job:
        return cls(data.pop("name"), data.pop("argv"), **data)


class Result:
    """What became of a job: exit status (None: it had to be killed), both streams, the workload's.

    seconds: how long it took. problem says in words what went wrong, and is empty if nothing did; a
    non-zero exit status of the tracer is for the caller to judge.
    """

    def __init__(
        self,
        name: str,
        status: int | None = None,
        stdout: str = "",
        stderr: str = "",
        workload_stdout: str = "",
        problem: str = "",
        seconds: float = 0.0,
    ) -> None:
        self.name = name
        self.seconds = seconds
        self.status = status
        self.stdout = stdout
        self.stderr = stderr
        self.workload_stdout = workload_stdout
        self.problem = problem

    def to_json(self) -> dict[str, Any]:
        return dict(self.__dict__)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Result:
        return cls(**data)

    def check(self) -> Result:
        """Gives itself back if the tracer ended well; raises JobError with all it printed."""
        if self.problem or self.status != 0:
            said = f"stdout:\n{self.stdout}\nstderr:\n{self.stderr}"
            raise JobError(f"{self.name}: {self.problem or f'exit status {self.status}'}\n{said}")
        return self


def observe(job: Job) -> Result:
    """Runs one job to its end, whatever happens; never leaves a process behind."""
    result = Result(job.name)
    start = time.monotonic()
    deadline = start + job.timeout
    with _shared_file() as out, _shared_file() as err:
        environment = {**os.environ, **job.env}
        try:
            tracer = subprocess.Popen(
                job.argv, stdin=subprocess.DEVNULL, stdout=out, stderr=err, env=environment
            )
        except OSError as error:
            result.problem = f"could not be started: {error}"
            return result
        try:
            result.problem = _drive(job, tracer, (out, err), result, deadline)
        finally:
            result.status = _end(tracer)
            result.stdout, result.stderr = _text(out), _text(err)
            result.seconds = round(time.monotonic() - start, 3)
    return result


def _shared_file() -> Any:
    """A file that the tracer and its command write to, neither over what the other wrote."""
    file = tempfile.TemporaryFile()  # noqa: SIM115  # the caller's
    flags = fcntl.fcntl(file, fcntl.F_GETFL)
    fcntl.fcntl(file, fcntl.F_SETFL, flags | os.O_APPEND)
    return file


def _drive(
    job: Job, tracer: subprocess.Popen[bytes], streams: Any, result: Result, deadline: float
) -> str:
    """Takes the tracer through its life; gives the problem met, or an empty string."""
    if job.ready and not _wait_for_line(job.ready, tracer, streams, deadline):
        return f"no line like {job.ready!r} appeared"
    if job.workload:
        problem = _work(job.workload, result, deadline)
        if problem:
            return problem
    time.sleep(job.settle if job.interrupt else 0)
    if job.interrupt and tracer.poll() is None:
        tracer.send_signal(signal.SIGINT)
    try:
        tracer.wait(max(0.0, deadline - time.monotonic()))
    except subprocess.TimeoutExpired:
        return f"had not ended after {job.timeout:.0f} s"
    return ""


def _wait_for_line(
    pattern: str, tracer: subprocess.Popen[bytes], streams: Any, deadline: float
) -> bool:
    while time.monotonic() < deadline:
        ended = tracer.poll() is not None
        if any(re.search(pattern, _text(stream), re.MULTILINE) for stream in streams):
            return True
        if ended:
            return False
        time.sleep(_POLL_SECONDS)
    return False


def _work(argv: list[str], result: Result, deadline: float) -> str:
    left = max(1.0, deadline - time.monotonic())
    try:
        done = subprocess.run(argv, capture_output=True, text=True, timeout=left)
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"the workload failed: {error}"
    result.workload_stdout = done.stdout
    return f"the workload failed: {done.stderr}" if done.returncode else ""


def _end(process: subprocess.Popen[bytes]) -> int | None:
    """The exit status; None if the process had to be killed."""
    if process.poll() is None:
        process.kill()
        process.wait()
        return None
    return process.returncode


def _text(stream: Any) -> str:
    # pread: the child shares the file's offset.
    size = os.fstat(stream.fileno()).st_size
    content: bytes = os.pread(stream.fileno(), size, 0)
    return content.decode("utf-8", "replace")


def load_jobs(path: str) -> list[Job]:
    with open(path) as file:
        return [Job.from_json(entry) for entry in json.load(file)]
