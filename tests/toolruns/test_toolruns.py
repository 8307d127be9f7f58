"""Every tool that docs/tools.md says runs on a kernel does so still; what else it says is true."""

from __future__ import annotations

import pytest

from tests.support.places import PROJECT
from tests.toolruns.__main__ import BEGIN, END, PAGE, run
from tests.toolruns.expectations import BY_TOOL
from tests.toolruns.runs import GOOD, NO_KPROBES
from tests.tools.building import HERE, KERNELS, tools

pytestmark = [
    pytest.mark.kernels,
    pytest.mark.needs("root", "bpf", "btf", "bpftrace", "bpftrace27", "kernels"),
]

#: `make tools-run` tries them all
TRIED = (HERE, "6.12")


def _page() -> list[str]:
    return PAGE.read_text().partition(BEGIN)[2].partition(END)[0].strip().splitlines()


def _cells() -> dict[str, list[str]]:
    rows = (line.strip("| ").split(" | ") for line in _page()[2:-1])
    return {name: cells for name, *cells in rows}


@pytest.mark.parametrize("kernel", TRIED)
def test_tools_run(kernel: str) -> None:
    """All in one boot, which is what takes the time."""
    found = run(tools(), [kernel])[kernel]
    column = KERNELS.index(kernel)
    listed = {name: cells[column] for name, cells in _cells().items()}
    wrong = {
        name: (listed.get(name), one.verdict, one.stdout, one.stderr)
        for name, one in found.items()
        if one.verdict.replace("|", "\\|") != listed.get(name)
    }
    assert not wrong


def test_each_tool_runs_somewhere() -> None:
    """Unless it has nothing to trace anywhere, or is refused, with the reason on the page."""
    nowhere = [
        name
        for name, cells in _cells().items()
        if GOOD not in cells and not any(" to trace: " in cell for cell in cells)
    ]
    refused = (PROJECT / "docs/compatibility.md").read_text().partition("own tools")[2]
    assert [n for n in nowhere if f"`{n.partition('-')[2]}`" not in refused] == []


def test_each_tool_is_expected_to_show_something() -> None:
    assert {tool.name for tool in tools()} == set(BY_TOOL)


def test_the_page_tells_of_kprobes_that_are_not_there() -> None:
    assert any(NO_KPROBES in cells for cells in _cells().values())
