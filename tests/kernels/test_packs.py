"""Every script of packs/net/ prints the right addresses and ports on every kernel."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.kernels.catalog import KERNELS, Kernel
from tests.kernels.pack_runs import run_packs
from tests.support.observe import Result
from tests.support.packs import EXPECTATIONS, Expectation, build_packs

pytestmark = [pytest.mark.kernels, pytest.mark.needs("kernels", "btf")]

Runs = Callable[[Kernel], dict[str, Result]]
# one boot for all tests of a kernel, whichever of several workers has them
_BY_KERNEL = [
    pytest.param(one, id=one.name, marks=pytest.mark.xdist_group(f"packs-{one.name}"))
    for one in KERNELS
]


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Runs:
    """What each kernel that is asked for makes of the packs; booted once."""
    objects: dict[str, Path] = build_packs(tmp_path_factory.mktemp("packs"))

    @functools.cache
    def run(kernel: Kernel) -> dict[str, Result]:
        return run_packs(kernel, objects)

    return run


@pytest.mark.parametrize("expectation", EXPECTATIONS, ids=lambda one: one.script)
@pytest.mark.parametrize("kernel", _BY_KERNEL)
def test_script_shows_the_connections(kernel: Kernel, expectation: Expectation, runs: Runs) -> None:
    result = runs(kernel)[expectation.script].check()
    assert not expectation.missing(result), result.stdout
