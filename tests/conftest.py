"""The one place where a test meets the machine: markers for needs, and the tracing file systems."""

from __future__ import annotations

import os
from typing import Any

import pytest
from hypothesis import settings

from tests.support.requirements import missing
from tests.support.tracefs import mount_tracing

# How long an example takes is the machine's business, which may be doing other things.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """With `--dist loadgroup`, what shares a guest is one worker's work."""
    if config.getvalue("dist") != "loadgroup":
        return None
    from tests.support.scheduling import ByGuest

    return ByGuest(config, log)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """A need that is not met skips a test here and fails it in CI, where everything must run."""
    for marker in item.iter_markers("needs"):
        for need in marker.args:
            reason = missing(need)
            if reason and os.environ.get("CI"):
                pytest.fail(f"CI must run this test, but: {reason}", pytrace=False)
            if reason:
                pytest.skip(reason)
            if need == "bpf" and os.geteuid() == 0:
                mount_tracing()
