"""The guests that the tests of a session share."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

import pytest

from tests.kernels.catalog import Kernel
from tests.kernels.sharing import Guests, Suite


@pytest.fixture(scope="session")
def guests(request: pytest.FixtureRequest) -> Iterator[Guests]:
    wanted: dict[Kernel, set[Suite]] = {}
    for item in request.session.items:
        if isinstance(item, pytest.Function) and "guests" in item.fixturenames:
            kernel = cast(Kernel, item.callspec.params["kernel"])
            wanted.setdefault(kernel, set()).add(item.module.SUITE)
    found = Guests(wanted)
    yield found
    found.close()
