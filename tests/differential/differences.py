"""What aotrace does otherwise than bpftrace 0.27, on purpose: a script, both outputs, the reason.

A case of differences.txt has the options of every case (cases.py), `format` (text unless it says
json) and `why`, whose lines are one sentence or two. The script is followed by what both print:

    --- bpftrace
    …
    --- aotrace
    …

`refused` stands for a script that is not taken; `--- bpftrace, in some order` for lines whose order
is left to chance. Blank lines at the end do not count.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from tests.differential.cases import DIFFERENCES, Case, case_of, split
from tests.differential.tracers import Outcome

_PARTS = re.compile(
    r"((?:.*\n)*?)^--- bpftrace(, in some order)?\n((?:.*\n)*?)^--- aotrace\n((?:.*\n)*)",
    re.MULTILINE,
)
REFUSED = "refused"


class Difference(NamedTuple):
    """One difference: what each prints for the script of the case, and why aotrace does so."""

    case: Case
    why: str
    format: str
    any_order: bool
    bpftrace: str
    aotrace: str

    def __str__(self) -> str:
        return self.case.name.replace(" ", "_")

    def theirs(self, outcome: Outcome) -> tuple[str, str]:
        """What was expected of bpftrace and what it did, to be compared."""
        pair = self.bpftrace, shown(outcome)
        if not self.any_order:
            return pair
        expected, seen = ("\n".join(sorted(text.splitlines())) for text in pair)
        return expected, seen


def load() -> list[Difference]:
    """All differences. Raises ValueError for one without a reason or without both outputs."""
    return [_difference(*parts) for parts in split(DIFFERENCES)]


def shown(outcome: Outcome) -> str:
    """What a run printed, as differences.txt writes it."""
    text = outcome.stdout.rstrip("\n")
    return REFUSED if outcome.errors and not text else text


def _difference(name: str, options: str, rest: str) -> Difference:
    parts = _PARTS.fullmatch(rest)
    if parts is None:
        raise ValueError(f"{name}: not a script, what bpftrace and what aotrace make of it")
    script, any_order, bpftrace, aotrace = parts.groups()
    case, values = case_of(DIFFERENCES, ("why", "format"), name, options, script)
    if not values["why"]:
        raise ValueError(f"{name}: no reason is given")
    format_ = values["format"][0] if values["format"] else "text"
    return Difference(
        case, " ".join(values["why"]), format_, any_order is not None,
        bpftrace.rstrip("\n"), aotrace.rstrip("\n"),
    )  # fmt: skip
