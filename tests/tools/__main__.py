"""`make tools-table`: prints what becomes of each tool for each kernel, and the counts.

With names of tools after it, only those, with the reasons in full.
"""

from __future__ import annotations

import sys
from collections import Counter

from tests.support.tracefs import mount_tracing
from tests.tools.building import KERNELS, Outcome, build, tools


def main(names: list[str]) -> int:
    mount_tracing()
    chosen = [tool for tool in tools() if not names or tool.name in names]
    if not chosen:
        print("error: no tools: install bpftrace, and run make rootfs", file=sys.stderr)
        return 1
    print(f"{'tool':24}{'parsed':>8}{'printed':>8}" + "".join(f"{name:>8}" for name in KERNELS))
    counts: Counter[str] = Counter()
    for outcome in build(chosen):
        _show(outcome)
        _count(outcome, counts)
    steps = (
        "parsed",
        "printed",
        *(f"{step} {k}" for k in KERNELS for step in ("typed", "compiled")),
    )
    print("\n" + "\n".join(f"{step:16}{counts[step]:>4} of {len(chosen)}" for step in steps))
    return 0


def _show(outcome: Outcome) -> None:
    marks = [outcome.parsed, outcome.printed, *outcome.compiled.values()]
    cells = "".join(f"{'-' if reason else 'ok':>8}" for reason in marks)
    print(f"{outcome.tool!s:24}{cells}", flush=True)
    for reason in dict.fromkeys(
        filter(None, [outcome.parsed, outcome.printed, *outcome.compiled.values()])
    ):
        print(f"{'':24}{reason}")


def _count(outcome: Outcome, counts: Counter[str]) -> None:
    counts["parsed"] += not outcome.parsed
    counts["printed"] += not outcome.printed
    for kernel in outcome.typed:
        counts[f"typed {kernel}"] += not outcome.typed[kernel]
        counts[f"compiled {kernel}"] += not outcome.compiled[kernel]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
