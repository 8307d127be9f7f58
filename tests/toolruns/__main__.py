"""The table of bpftrace's tools x kernels: `python -m tests.toolruns [--kernels A,B] [TOOL ...]`.

`here` among the kernels is this machine's own. -v tells what each failure said.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.kernels.catalog import kernel
from tests.support.tracefs import mount_tracing
from tests.toolruns.runs import GOOD, Outcome, Tool, build, run_here, run_in, tools

HERE = "here"
COLUMNS = (HERE, "6.1", "6.12", "7.2")


def run(wanted: Sequence[Tool], columns: Sequence[str]) -> dict[str, dict[str, Outcome]]:
    """Kernel -> tool -> outcome. What was not compiled has its error as the outcome everywhere."""
    mount_tracing()
    with tempfile.TemporaryDirectory() as folder:
        objects, errors = build(wanted, Path(folder))
        refused = {name: Outcome(f"not compiled: {text}") for name, text in errors.items()}
        found = {}
        for column in columns:
            if column == HERE:
                outcomes = run_here(wanted, objects, Path(folder))
            else:
                outcomes = run_in(kernel(column), wanted, objects)
            found[column] = {**refused, **outcomes}
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
