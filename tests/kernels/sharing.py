"""One boot of a kernel for all tests of a session: booting is what takes the time.

A file of tests says in its SUITE what it wants to run in a guest; its tests, each with a parameter
`kernel`, ask the fixture `guests` (conftest.py) what came of it. The first that asks boots the
kernel, with the jobs of every suite that has tests in the session.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from tests.kernels.catalog import Kernel
from tests.kernels.image import Extras
from tests.kernels.vm import Vm, VmError
from tests.support.observe import Job, Result

_NONE = Extras()


@dataclass(frozen=True)
class Suite:
    """prepare: puts what is needed into a folder that the guest will see at the same path, and
    gives the jobs. extras: what the guest must have beside the loader."""

    name: str
    prepare: Callable[[Kernel, Path], list[Job]]
    extras: Extras = _NONE


class Ran(NamedTuple):
    """What a suite's folder holds after the run, and the results by the names of the jobs."""

    folder: Path
    results: dict[str, Result]


class Guests:
    """The guests of a session, each booted once it is asked for; their folders go at `close`."""

    def __init__(self, wanted: dict[Kernel, set[Suite]]) -> None:
        self._wanted = wanted
        self._vms: list[Vm] = []
        self._ran: dict[Kernel, dict[Suite, Ran] | VmError] = {}

    def ran(self, suite: Suite, kernel: Kernel) -> Ran:
        """Raises VmError, each time anew, if the guest did not come up."""
        if kernel not in self._ran:
            try:
                self._ran[kernel] = self._boot(kernel)
            except VmError as error:
                self._ran[kernel] = error
        found = self._ran[kernel]
        if isinstance(found, VmError):
            raise found
        return found[suite]

    def _boot(self, kernel: Kernel) -> dict[Suite, Ran]:
        suites = sorted(self._wanted[kernel], key=lambda suite: suite.name)
        vm = Vm(kernel, extras=Extras.of_all(suite.extras for suite in suites))
        self._vms.append(vm)
        return run(vm, suites)

    def close(self) -> None:
        while self._vms:
            self._vms.pop().close()


def run(vm: Vm, suites: Iterable[Suite]) -> dict[Suite, Ran]:
    """All their jobs in one boot."""
    jobs: list[Job] = []
    parts: dict[Suite, tuple[Path, list[Job]]] = {}
    for suite in suites:
        folder = vm.shared / suite.name
        folder.mkdir()
        parts[suite] = folder, suite.prepare(vm.kernel, folder)
        jobs += parts[suite][1]
    results = iter(vm.run(jobs))
    return {
        suite: Ran(folder, {job.name: next(results) for job in own})
        for suite, (folder, own) in parts.items()
    }


def run_alone(suite: Suite, kernel: Kernel) -> dict[str, Result]:
    """One suite on one kernel, in a boot of its own."""
    with Vm(kernel, extras=suite.extras) as vm:
        return run(vm, [suite])[suite].results
