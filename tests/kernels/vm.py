"""Boots a kernel of the catalog under QEMU and runs jobs inside.

The guest's root is a RAM disk (image.py); one shared folder lies at the same path on both sides.
There is no KVM: the processor is emulated, a boot takes some 10 s of processor time, so that one
boot should run many jobs.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
import time
import warnings
from collections import Counter
from pathlib import Path
from types import TracebackType

from tests.kernels.catalog import Kernel
from tests.kernels.image import Extras, write_image
from tests.support.observe import Job, Result
from tests.support.places import BUILD, program

_FOLDER = BUILD / "vm"
_BOOT_SECONDS = 120
_SLACK_SECONDS = 60  # what a job may take beyond its timeout before its guest counts as hung
_POLL_SECONDS = 0.5
_ATTEMPTS = 2  # of a job with which the guest goes down
_MOST_DEATHS = 4
_NO_EXTRAS = Extras()
_KERNEL_OPTIONS = (
    "console=ttyS0 panic=-1 mitigations=off tsc=reliable no_timer_check"
    " cryptomgr.notests apparmor=0 audit=0"
)


class VmError(Exception):
    """The guest did not come up or died; the message ends with the last lines of its console."""


class Vm:
    """One guest and the folder that it shares; as a context manager: the folder goes at exit."""

    def __init__(
        self, kernel: Kernel, cpus: int = 2, memory: str = "1G", extras: Extras = _NO_EXTRAS
    ) -> None:
        self.kernel = kernel
        self._cpus = cpus
        self._memory = memory
        self._extras = extras
        _FOLDER.mkdir(parents=True, exist_ok=True)
        self._folder = tempfile.TemporaryDirectory(prefix=f"{kernel.name}-", dir=_FOLDER)
        self.shared = Path(self._folder.name)

    def __enter__(self) -> Vm:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        self._folder.cleanup()

    def run(self, jobs: list[Job]) -> list[Result]:
        """Runs the jobs in order; results in the same order.

        An emulated guest may die or hang now and then, mostly while the kernel patches its own
        text. The job that it was at is tried once more in the next boot; if the guest goes down
        with it again, its result's `problem` tells so, and the jobs behind it still run. Raises
        VmError if it goes down over and over.
        """
        results: list[Result] = []
        tried: Counter[int] = Counter()
        while len(results) < len(jobs):
            console = self._boot(jobs[len(results) :])
            results += self._take_results()
            if len(results) == len(jobs):
                break
            at = len(results)
            death = self._death(jobs[at], console)
            tried[at] += 1
            if sum(tried.values()) == _MOST_DEATHS:
                raise VmError(death)
            if tried[at] == _ATTEMPTS:
                results.append(Result(jobs[at].name, problem=death))
            else:
                warnings.warn(f"booted again, since {death}", stacklevel=2)
        return results

    def _death(self, job: Job, console: str) -> str:
        tail = "\n".join(console.splitlines()[-40:])
        return f"kernel {self.kernel.version} died or hung at {job.name}:\n{tail}"

    @property
    def _results(self) -> Path:
        return self.shared / "results.jsonl"

    def _take_results(self) -> list[Result]:
        lines = _whole_lines(self._results)
        self._results.unlink(missing_ok=True)
        return [Result.from_json(json.loads(line)) for line in lines]

    def _boot(self, jobs: list[Job]) -> str:
        """Boots, runs the plan and powers off; gives the console's text."""
        plan = json.dumps([job.to_json() for job in jobs])
        (self.shared / "plan.json").write_text(plan)
        image = self.shared.with_name(f"{self.shared.name}.cpio")
        try:
            write_image(self.kernel, self.shared, image, self._extras)
            return _run(self._command(image), self._results, [job.timeout for job in jobs])
        finally:
            image.unlink(missing_ok=True)

    def _command(self, image: Path) -> list[str]:
        qemu = program("qemu-system-x86_64")
        if qemu is None:
            raise VmError("no qemu-system-x86_64: install the package qemu-system-x86")
        share = f"local,path={self.shared},mount_tag=shared,security_model=none"
        return [
            *(str(qemu), "-nodefaults", "-no-reboot", "-display", "none", "-serial", "stdio"),
            *("-accel", "tcg,thread=multi", "-cpu", "max,la57=off", "-smp", str(self._cpus)),
            *("-m", self._memory, "-virtfs", share),
            *("-kernel", str(self.kernel.image), "-initrd", str(image)),
            *("-append", _KERNEL_OPTIONS),
        ]


def _run(command: list[str], results: Path, timeouts: list[float]) -> str:
    """Runs QEMU until it ends, or ends it when a job is overdue; gives the console's text.

    timeouts: seconds for each job; a line more in `results` tells that one is done.
    """
    with tempfile.TemporaryFile() as console:
        with subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=console, stderr=subprocess.STDOUT
        ) as qemu:
            done, deadline = 0, time.monotonic() + _BOOT_SECONDS + timeouts[0]
            while _is_running(qemu) and time.monotonic() < deadline:
                if (now_done := len(_whole_lines(results))) > done:
                    done = now_done
                    left = timeouts[done] if done < len(timeouts) else 0
                    deadline = time.monotonic() + _SLACK_SECONDS + left
            qemu.kill()
        console.seek(0)
        return console.read().decode("utf-8", "replace").replace("\r\n", "\n")


def _is_running(process: subprocess.Popen[bytes]) -> bool:
    """After a moment in which it may end."""
    try:
        process.wait(_POLL_SECONDS)
    except subprocess.TimeoutExpired:
        return True
    return False


def _whole_lines(path: Path) -> list[str]:
    """The last may be half written."""
    return path.read_text().split("\n")[:-1] if path.exists() else []
