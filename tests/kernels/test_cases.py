"""Every builtin, function and kind of probe on other kernels, in objects built on this one."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.kernels.catalog import KERNELS, Kernel
from tests.kernels.image import Extras
from tests.kernels.sharing import Guests, Suite
from tests.support.live_cases import Case, build_cases, load_cases
from tests.support.observe import Job

pytestmark = [pytest.mark.kernels, pytest.mark.needs("kernels", "btf")]

CASES = [case for case in load_cases() if not case.here]


def _of(kernel: Kernel) -> list[Case]:
    """All on the oldest kernel and on the newest; between them those that not every kernel runs."""
    every = kernel in (KERNELS[0], KERNELS[-1])
    return [case for case in CASES if every or case.since or case.guests]


def _prepare(kernel: Kernel, folder: Path) -> list[Job]:
    cases = _of(kernel)
    objects = build_cases(cases, folder)
    return [case.job(["aotrace", "run", str(objects[str(case)])]) for case in cases]


SUITE = Suite(
    "cases",
    _prepare,
    Extras(programs=tuple(sorted({path for case in CASES for path in case.programs}))),
)


@pytest.mark.parametrize("kernel", KERNELS, ids=lambda kernel: kernel.name)
def test_cases(kernel: Kernel, guests: Guests) -> None:
    results = guests.ran(SUITE, kernel).results
    wrong = [(case, case.wrong(results[str(case)], kernel.name)) for case in _of(kernel)]
    told = [f"{case}: {why}" for case, why in wrong if why]
    if told:
        pytest.fail("\n\n".join(told), pytrace=False)
