"""The table script x kernel of docs/kernels.md, made from runs: `python -m tests.kernels.table`.

Writes between the two marker lines of the page; the rest of the page is left as it is.
"""

from __future__ import annotations

import os
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.kernels.catalog import KERNELS, Kernel
from tests.kernels.pack_runs import SUITE
from tests.kernels.sharing import run_alone
from tests.support.observe import Result, observe
from tests.support.packs import EXPECTATIONS, Expectation, build_packs
from tests.support.places import PROJECT, console_script
from tests.support.tracefs import mount_tracing

PAGE = PROJECT / "docs/kernels.md"
BEGIN = "<!-- table: begin -->"
END = "<!-- table: end -->"
_MARKS = {True: "ok", False: "FAILS"}


def _verdict(expectation: Expectation, result: Result) -> str:
    good = not result.problem and result.status == 0 and not expectation.missing(result)
    return _MARKS[good]


def _run_here(objects: dict[str, Path]) -> dict[str, Result]:
    """The scripts without kprobes, on this machine's own kernel."""
    mount_tracing()
    loader = str(console_script("aotrace"))
    return {
        one.script: observe(one.job([loader, "run", str(objects[one.script])]))
        for one in EXPECTATIONS
        if not one.uses_kprobes
    }


def make_table() -> str:
    """A Markdown table; a dash: the script needs kprobes and was not run on that kernel."""
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(2) as pool:
        objects = build_packs(Path(folder))

        def run(kernel: Kernel) -> dict[str, Result]:
            return run_alone(SUITE, kernel)

        columns = [(kernel.version, runs) for kernel, runs in zip(KERNELS, pool.map(run, KERNELS))]
        series = ".".join(os.uname().release.split(".")[:2])
        columns.append((f"{series} (build host)", _run_here(objects)))
    lines = ["| script | " + " | ".join(name for name, _ in columns) + " |"]
    lines.append("|---" * (len(columns) + 1) + "|")
    for one in EXPECTATIONS:
        cells = [
            _verdict(one, runs[one.script]) if one.script in runs else "-" for _, runs in columns
        ]
        lines.append(f"| {one.script} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main() -> int:
    page = PAGE.read_text()
    before, found, rest = page.partition(BEGIN)
    _, found_end, after = rest.partition(END)
    if not found or not found_end:
        print(f"error: {PAGE} has no lines {BEGIN} and {END}", file=sys.stderr)
        return 1
    table = make_table()
    print(table)
    PAGE.write_text(f"{before}{BEGIN}\n{table}\n{END}{after}")
    return 1 if _MARKS[False] in table else 0


if __name__ == "__main__":
    sys.exit(main())
