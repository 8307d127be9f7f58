"""Which tools do not compile for which kernel, and why: read from docs/compatibility.md."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from tests.support.places import PROJECT
from tests.tools.building import FOLDERS, KERNELS, Tool

PAGE = PROJECT / "docs/compatibility.md"
HEADING = "## bpftrace's own tools"
_ROW = re.compile(
    r"\| ([`\w, ]+) of ([\d., and]+) \| ([^|]*) \| `` ?(.*?) ?``[^|]*\|$", re.MULTILINE
)


class Listed(NamedTuple):
    """One row: the message that the compiler gives."""

    versions: tuple[str, ...]
    kernels: tuple[str, ...]
    name: str
    reason: str


def rows() -> list[Listed]:
    """The rows of the page's section on tools."""
    section = PAGE.read_text(encoding="utf-8").partition(HEADING + "\n")[2].partition("\n## ")[0]
    return list(_rows(section))


def _rows(section: str) -> Iterator[Listed]:
    for names, versions, kernels, reason in _ROW.findall(section):
        named = tuple(re.findall(r"[\d.]+\d", versions))
        on = KERNELS if kernels == "all" else tuple(re.findall(r"[\d.]+\d", kernels))
        assert set(named) <= set(FOLDERS), versions
        assert set(on) <= set(KERNELS), kernels
        for name in re.findall(r"\w+", names):
            yield Listed(named, on, name, reason)


def expected(tool: Tool, kernel: str) -> str:
    """The reason that is listed, or an empty text: it compiles."""
    found = (
        row.reason
        for row in rows()
        if row.name == tool.name and tool.version in row.versions and kernel in row.kernels
    )
    return next(found, "")
