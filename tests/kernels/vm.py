"""Boots a kernel of the catalog under QEMU by virtme-ng and runs jobs inside.

The guest's root is this machine's own root, read-only over 9p; one shared folder is writable at
the same path on both sides. There is no KVM: the processor is emulated, a boot takes about 10 s
of processor time, so a boot should run many jobs.
"""

from __future__ import annotations

import json
import os
import select
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType

from tests.kernels.catalog import Kernel
from tests.support.observe import Job, Result
from tests.support.places import BUILD, SYSTEM_PYTHON, console_script

_GUEST = Path(__file__).with_name("guest.py")
_BOOT_SECONDS = 120
_ATTEMPTS = 2


class VmError(Exception):
    """The guest did not come up or died; the message ends with the last lines of its console."""


class Vm:
    """One guest and the folder that it shares; as a context manager: the folder goes at exit."""

    def __init__(self, kernel: Kernel, cpus: int = 2, memory: str = "2G") -> None:
        self.kernel = kernel
        self._cpus = cpus
        self._memory = memory
        folder = BUILD / "vm"
        folder.mkdir(parents=True, exist_ok=True)
        self.shared = Path(tempfile.mkdtemp(prefix=kernel.name + "-", dir=folder))

    def __enter__(self) -> Vm:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        shutil.rmtree(self.shared, ignore_errors=True)

    def run(self, jobs: list[Job]) -> list[Result]:
        """Runs the jobs in order in one boot; results in the same order.

        An emulated guest may die now and then while the kernel patches its own text; the jobs
        that were not finished then get one more boot. Raises VmError if that fails as well.
        """
        results: list[Result] = []
        console = ""
        for _ in range(_ATTEMPTS):
            console = self._boot(jobs[len(results) :])
            results += self._take_results()
            if len(results) == len(jobs):
                return results
        unfinished = jobs[len(results)].name
        tail = "\n".join(console.splitlines()[-40:])
        raise VmError(f"kernel {self.kernel.version} died or hung at {unfinished}:\n{tail}")

    def _take_results(self) -> list[Result]:
        path = self.shared / "results.jsonl"
        lines = path.read_text().splitlines() if path.exists() else []
        path.unlink(missing_ok=True)
        return [Result.from_json(json.loads(line)) for line in lines]

    def _boot(self, jobs: list[Job]) -> str:
        """Boots, runs the plan and powers off; gives the console's text."""
        plan = json.dumps([job.to_json() for job in jobs])
        (self.shared / "plan.json").write_text(plan)
        # virtme-ng wants a place to link the modules from; a fresh machine may have none.
        Path("/lib/modules").mkdir(exist_ok=True)
        seconds = _BOOT_SECONDS + sum(job.timeout for job in jobs)
        return _run_on_terminal(self._command(), seconds)

    def _command(self) -> list[str]:
        inside = f"{SYSTEM_PYTHON} {_GUEST} {self.shared}"
        options = ["--verbose", "--disable-kvm", "--disable-microvm", "--force-9p"]
        size = ["--cpus", str(self._cpus), "--memory", self._memory]
        image = ["--run", str(self.kernel.image), "--rwdir", str(self.shared)]
        return [str(console_script("vng")), *options, *size, *image, "--exec", inside]


def _run_on_terminal(command: list[str], seconds: float) -> str:
    """Runs a command that insists on a terminal; gives its output, ends it when the time is up."""
    ours, theirs = os.openpty()
    child = subprocess.Popen(
        command,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env={**os.environ, "TERM": "dumb"},
        start_new_session=True,
    )
    os.close(theirs)
    try:
        return _read_until_end(ours, time.monotonic() + seconds)
    finally:
        _end_group(child)
        os.close(ours)


def _read_until_end(terminal: int, deadline: float) -> str:
    chunks: list[bytes] = []
    while time.monotonic() < deadline:
        if not select.select([terminal], [], [], 1.0)[0]:
            continue
        try:
            chunk = os.read(terminal, 65536)
        except OSError:  # EIO: the other side is closed
            chunk = b""
        if not chunk:
            break
        chunks.append(chunk)
    return b"".join(chunks).decode("utf-8", "replace").replace("\r\n", "\n")


def _end_group(child: subprocess.Popen[bytes]) -> None:
    """Ends the child and all that it started in its session; QEMU is among them."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(child.pid, number)
            child.wait(5)
        except (ProcessLookupError, subprocess.TimeoutExpired):
            continue
