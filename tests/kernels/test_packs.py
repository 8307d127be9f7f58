"""Every script of packs/net/ prints the right addresses and ports on every kernel."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.kernels.catalog import KERNELS, Kernel
from tests.kernels.pack_runs import run_packs
from tests.support.observe import Result
from tests.support.packs import EXPECTATIONS, Expectation, build_packs

pytestmark = [pytest.mark.kernels, pytest.mark.needs("kernels", "btf")]

Runs = dict[str, "Future[dict[str, Result]]"]


@pytest.fixture(scope="module")
def runs(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Runs]:
    """Each kernel that a selected test asks for, booted once; two at a time."""
    items = [item for item in request.session.items if item.path == request.path]
    names = {item.callspec.params["kernel"].name for item in items}  # type: ignore[attr-defined]
    objects: dict[str, Path] = build_packs(tmp_path_factory.mktemp("packs"))
    with ThreadPoolExecutor(2) as pool:
        wanted = [kernel for kernel in KERNELS if kernel.name in names]
        yield {kernel.name: pool.submit(run_packs, kernel, objects) for kernel in wanted}


@pytest.mark.parametrize("expectation", EXPECTATIONS, ids=lambda one: one.script)
@pytest.mark.parametrize("kernel", KERNELS, ids=lambda kernel: kernel.name)
def test_script_shows_the_connections(kernel: Kernel, expectation: Expectation, runs: Runs) -> None:
    result = runs[kernel.name].result()[expectation.script].check()
    assert not expectation.missing(result), result.stdout
