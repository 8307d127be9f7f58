"""Which tests go to the same worker of pytest-xdist: those of one kernel, or else of one file.

Its own groups (the mark `xdist_group`) get lost with some versions of pytest, and then each worker
boots each guest.
"""

from __future__ import annotations

import re
from typing import Any

from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]

# a test of tests/kernels, with the kernel among its parameters
_OF_KERNEL = re.compile(r"^tests/kernels/.*[\[-](\d+\.\d+)[\]-]")


class ByGuest(LoadScopeScheduling):  # type: ignore[misc]
    """Gives out tests by guests, in the order of the command line: what takes long comes first."""

    def __init__(self, config: Any, log: Any) -> None:
        config.option.loadscopereorder = False
        super().__init__(config, log)

    def _split_scope(self, nodeid: str) -> str:
        return scope(nodeid)


def scope(nodeid: str) -> str:
    """What has to stay together with that test."""
    found = _OF_KERNEL.match(nodeid)
    return found[1] if found else nodeid.partition("::")[0]
