"""Every script of packs/net/ prints the right addresses and ports on every kernel."""

from __future__ import annotations

import pytest

from tests.kernels.catalog import KERNELS, Kernel
from tests.kernels.pack_runs import SUITE
from tests.kernels.sharing import Guests
from tests.support.packs import EXPECTATIONS, Expectation

pytestmark = [pytest.mark.kernels, pytest.mark.needs("kernels", "btf")]


@pytest.mark.parametrize("expectation", EXPECTATIONS, ids=lambda one: one.script)
@pytest.mark.parametrize("kernel", KERNELS, ids=lambda kernel: kernel.name)
def test_script_shows_the_connections(
    kernel: Kernel, expectation: Expectation, guests: Guests
) -> None:
    result = guests.ran(SUITE, kernel).results[expectation.script].check()
    assert not expectation.missing(result), result.stdout
