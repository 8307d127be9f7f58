"""The table of bpftrace's tools x kernels: `python -m tests.toolruns [--kernels A,B] [TOOL ...]`.

6.18 among the kernels is this machine's own. -v tells what each failure said; --write puts the
table into docs/tools.md.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.kernels.catalog import kernel
from tests.support.places import PROJECT
from tests.support.tracefs import mount_tracing
from tests.toolruns.runs import GOOD, Outcome, build, run_here, run_in
from tests.tools.building import HERE, KERNELS, Tool, tools

PAGE = PROJECT / "docs/tools.md"
BEGIN, END = "<!-- table: begin -->", "<!-- table: end -->"


def run(wanted: Sequence[Tool], columns: Sequence[str]) -> dict[str, dict[str, Outcome]]:
    """Kernel -> tool -> outcome.

    Each tool is compiled once, for this machine's kernel; one that names what this kernel does not
    have is compiled for the kernel that it is to run on.
    """
    mount_tracing()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        objects, errors = build(wanted, folder, HERE)
        first = {c: _run_on(c, wanted, folder, objects, errors) for c in columns if c == HERE}
        with ThreadPoolExecutor(2) as pool:
            guests = [column for column in columns if column != HERE]
            runs = pool.map(lambda c: _run_on(c, wanted, folder, objects, errors), guests)
            found = {**first, **dict(zip(guests, runs))}
        return {column: found[column] for column in columns}


def _run_on(
    column: str, wanted: Sequence[Tool], folder: Path, objects: dict[str, Path],
    errors: dict[str, str],
) -> dict[str, Outcome]:  # fmt: skip
    if column == HERE:
        outcomes, refused = run_here(wanted, objects, folder), errors
    else:
        others = [tool for tool in wanted if str(tool) in errors]
        more, refused = build(others, folder / column, column)
        outcomes = run_in(kernel(column), wanted, {**objects, **more})
    return {**{name: Outcome(text) for name, text in refused.items()}, **outcomes}


def table(wanted: Sequence[Tool], found: dict[str, dict[str, Outcome]]) -> str:
    lines = ["| tool | " + " | ".join(found) + " |", "|---" * (len(found) + 1) + "|"]
    for tool in wanted:
        cells = [outcomes[str(tool)].verdict.replace("|", "\\|") for outcomes in found.values()]
        lines.append(f"| {tool} | " + " | ".join(cells) + " |")
    good = [sum(one.verdict == GOOD for one in outcomes.values()) for outcomes in found.values()]
    lines.append("| **runs** | " + " | ".join(f"{n} of {len(wanted)}" for n in good) + " |")
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kernels", default=",".join(KERNELS))
    parser.add_argument("-v", "--verbose", action="store_true")
    parser.add_argument("--write", action="store_true", help=f"write {PAGE.name} anew")
    parser.add_argument("tools", nargs="*", help="names, or versions and names: 0.27-opensnoop")
    options = parser.parse_args()
    wanted = [
        tool
        for tool in tools()
        if not options.tools or tool.name in options.tools or str(tool) in options.tools
    ]
    found = run(wanted, options.kernels.split(","))
    text = table(wanted, found)
    print(text)
    if options.write:
        before, _, rest = PAGE.read_text().partition(BEGIN)
        PAGE.write_text(f"{before}{BEGIN}\n{text}\n{END}{rest.partition(END)[2]}")
    for column, outcomes in found.items() if options.verbose else ():
        for name, one in outcomes.items():
            if one.verdict != GOOD:
                said = f"{one.stdout}\n{one.stderr}".strip()
                print(f"--- {name} on {column}: {one.verdict}\n{said[:3000]}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
