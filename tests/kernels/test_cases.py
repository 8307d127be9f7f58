"""Every builtin, function and kind of probe on other kernels, in objects built on this one."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.kernels.catalog import KERNELS, Kernel
from tests.kernels.vm import Vm
from tests.support.live_cases import build_cases, load_cases

pytestmark = [pytest.mark.kernels, pytest.mark.needs("kernels", "btf")]

CASES = [case for case in load_cases() if not case.here]


@pytest.mark.parametrize("kernel", KERNELS, ids=lambda kernel: kernel.name)
def test_cases(kernel: Kernel, tmp_path: Path) -> None:
    """All in one boot, which is what takes the time."""
    objects = build_cases(CASES, tmp_path)
    with Vm(kernel) as vm:
        paths = {str(case): shutil.copy(objects[str(case)], vm.shared) for case in CASES}
        jobs = [case.job(["aotrace", "run", str(paths[str(case)])]) for case in CASES]
        results = vm.run(jobs)
    failed = {
        str(case): (result.problem, result.status, result.stdout, result.stderr)
        for case, result in zip(CASES, results)
        if result.problem or result.status or case.missing(result.stdout)
    }
    assert not failed
