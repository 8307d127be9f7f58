"""Boots a kernel of the catalog under QEMU and runs jobs inside.

The guest's root is a RAM disk (image.py); one shared folder lies at the same path on both sides.
There is no KVM: the processor is emulated, a boot takes some 10 s of processor time, so that one
boot should run many jobs.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
from pathlib import Path
from types import TracebackType

from tests.kernels.catalog import Kernel
from tests.kernels.image import Extras, write_image
from tests.support.observe import Job, Result
from tests.support.places import BUILD, program

_FOLDER = BUILD / "vm"
_BOOT_SECONDS = 120
_ATTEMPTS = 2
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
        image = self.shared.with_name(f"{self.shared.name}.cpio")
        try:
            write_image(self.kernel, self.shared, image, self._extras)
            seconds = _BOOT_SECONDS + sum(job.timeout for job in jobs)
            return _run(self._command(image), seconds)
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


def _run(command: list[str], seconds: float) -> str:
    """Runs QEMU until it ends, or ends it when the time is up; gives the console's text."""
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as qemu:
        try:
            console, _ = qemu.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            qemu.kill()
            console, _ = qemu.communicate()
    return console.decode("utf-8", "replace").replace("\r\n", "\n")
