"""Every builtin, function and kind of probe on other kernels, in objects built on this one."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.kernels.catalog import KERNELS, Kernel
from tests.kernels.image import Extras
from tests.kernels.vm import Vm
from tests.support.live_cases import build_cases, load_cases

pytestmark = [pytest.mark.kernels, pytest.mark.needs("kernels", "btf")]

CASES = [case for case in load_cases() if not case.here]
EXTRAS = Extras(programs=tuple(sorted({path for case in CASES for path in case.programs})))


@pytest.fixture(scope="module")
def objects(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return build_cases(CASES, tmp_path_factory.mktemp("cases"))


@pytest.mark.parametrize("kernel", KERNELS, ids=lambda kernel: kernel.name)
def test_cases(kernel: Kernel, objects: dict[str, Path]) -> None:
    """All in one boot, which is what takes the time."""
    with Vm(kernel, extras=EXTRAS) as vm:
        paths = {str(case): shutil.copy(objects[str(case)], vm.shared) for case in CASES}
        jobs = [case.job(["aotrace", "run", str(paths[str(case)])]) for case in CASES]
        results = vm.run(jobs)
    wrong = [(case, case.wrong(result, kernel.name)) for case, result in zip(CASES, results)]
    told = [f"{case}: {why}" for case, why in wrong if why]
    if told:
        pytest.fail("\n\n".join(told), pytrace=False)
