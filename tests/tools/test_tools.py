"""Every tool is parsed, printed, typed and compiled, or stands in docs/compatibility.md."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from aotrace.compiler.pipeline import Compiler

from tests.tools.building import KERNELS, Tool, open_compiler, outcome, tools
from tests.tools.expected import expected, rows

pytestmark = [pytest.mark.needs("root", "btf", "bpftrace", "bpftrace27", "kernels")]


@pytest.fixture(scope="module")
def compilers() -> Iterator[dict[str, Compiler]]:
    opened = {name: open_compiler(name) for name in KERNELS}
    yield opened
    for compiler in opened.values():
        compiler.backend.close()


@pytest.mark.parametrize("tool", tools(), ids=str)
def test_tool(tool: Tool, compilers: dict[str, Compiler]) -> None:
    found = outcome(tool, compilers)
    assert not found.parsed
    assert not found.printed
    assert found.compiled == {name: expected(tool, name) for name in compilers}


def test_both_versions_are_there() -> None:
    versions = [tool.version for tool in tools()]
    assert versions.count("0.17") >= 38
    assert versions.count("0.27") >= 39


def test_what_is_listed_are_tools() -> None:
    known = {(tool.version, tool.name) for tool in tools()}
    assert {(version, row.name) for row in rows() for version in row.versions} <= known
