"""Runs every script of packs/net/ on other kernels: built once here, one boot for each kernel."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.kernels.catalog import Kernel
from tests.kernels.vm import Vm
from tests.support.observe import Result
from tests.support.packs import EXPECTATIONS


def run_packs(kernel: Kernel, objects: dict[str, Path]) -> dict[str, Result]:
    """Script name to what came of it; the very bytes of the objects are run, nothing is rebuilt."""
    with Vm(kernel) as vm:
        jobs = []
        for expectation in EXPECTATIONS:
            inside = shutil.copy(objects[expectation.script], vm.shared)
            jobs.append(expectation.job(["aotrace", "run", str(inside)]))
        return {result.name: result for result in vm.run(jobs)}
