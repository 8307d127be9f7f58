"""The table of bpftrace's tools x kernels: `python -m tests.toolruns [--kernels A,B] [TOOL ...]`.

`here` among the kernels is this machine's own. -v tells what each failure said.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from tests.kernels.catalog import kernel
from tests.support.tracefs import mount_tracing
from tests.toolruns.runs import GOOD, Outcome, Tool, build, run_here, run_in, tools

HERE = "here"
COLUMNS = (HERE, "6.1", "6.12", "7.2")


def run(wanted: Sequence[Tool], columns: Sequence[str]) -> dict[str, dict[str, Outcome]]:
    """Kernel -> tool -> outcome.

    Each tool is compiled once, for this machine's kernel; one that names what this kernel does not
    have is compiled for the kernel that it is to run on.
    """
    mount_tracing()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        objects, errors = build(wanted, folder)
        found = {}
        for column in columns:
            own, refused = objects, errors
            if column != HERE:
                others = [tool for tool in wanted if str(tool) in errors]
                more, refused = build(others, folder / column, kernel(column))
                own = {**objects, **more}
            run_all = partial(run_here, folder=folder) if column == HERE else partial(
                run_in, kernel(column)
            )  # fmt: skip
            outcomes = {name: Outcome(f"not compiled: {e}") for name, e in refused.items()}
            found[column] = {**outcomes, **run_all(wanted=wanted, objects=own)}
    return found


def table(wanted: Sequence[Tool], found: dict[str, dict[str, Outcome]]) -> str:
    lines = ["| tool | " + " | ".join(found) + " |", "|---" * (len(found) + 1) + "|"]
    for tool in wanted:
        cells = [outcomes[str(tool)].verdict.splitlines()[0] for outcomes in found.values()]
        lines.append(f"| {tool} | " + " | ".join(cells) + " |")
    for column, outcomes in found.items():
        good = sum(one.verdict == GOOD for one in outcomes.values())
        lines.append(f"{column}: {good} of {len(wanted)} {GOOD}")
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kernels", default=",".join(COLUMNS))
    parser.add_argument("-v", "--verbose", action="store_true")
    parser.add_argument("tools", nargs="*", help="names, or names with a version")
    options = parser.parse_args()
    wanted = [
        tool
        for tool in tools()
        if not options.tools or tool.name in options.tools or str(tool) in options.tools
    ]
    found = run(wanted, options.kernels.split(","))
    print(table(wanted, found))
    for column, outcomes in found.items() if options.verbose else ():
        for name, one in outcomes.items():
            if one.verdict != GOOD:
                said = f"{one.stdout}\n{one.stderr}".strip()
                print(f"--- {name} on {column}: {one.verdict}\n{said[:3000]}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
