"""Scripts that are run under bpftrace and under aotrace, many to a file.

    What the file is about.

    === name of a case
    % workload: files
    % hide: 0x[0-9a-f]+
    begin { … }

Lines that begin with % tell how the case is run: `workload` names a job of workload.py, which is
traced (-c); `program` a program of tests/support/traced and its arguments, of which each run has a
copy, PROGRAM in the script; `flags` go to both tracers; `words` are the script's parameters; each
`hide` is a regular expression of what no two runs have in common. TOKEN in a script is a number of
the run's own, which the workload is given too, so that a script can tell its own workload from
every other process.
"""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import NamedTuple

FOLDER = Path(__file__).parent / "scripts"
#: Scripts that neither takes.
REFUSED = Path(__file__).with_name("refused.txt")
#: What is not the same, on purpose (differences.py).
DIFFERENCES = Path(__file__).with_name("differences.txt")
_CASE = re.compile(r"^=== (.+)\n((?:% .*\n)*)((?:.*\n)*?)(?=^=== |\Z)", re.MULTILINE)
_OPTIONS = ("workload", "program", "flags", "words", "hide")


class Case(NamedTuple):
    """One script and how it is run."""

    file: str
    name: str
    script: str
    workload: str | None
    program: tuple[str, ...]
    flags: tuple[str, ...]
    words: tuple[str, ...]
    hidden: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.file}-{self.name}".replace(" ", "_")

    def visible(self, text: str) -> str:
        """What a tracer printed, without what is of this run alone."""
        for pattern in self.hidden:
            text = re.sub(pattern, "<hidden>", text)
        return text


def load() -> list[Case]:
    """The cases of all files of the folder."""
    return [case for path in sorted(FOLDER.glob("*.txt")) for case in read(path)]


def read(path: Path) -> list[Case]:
    """The cases of one file. Raises ValueError for two of one name, or an unknown option."""
    return [case_of(path, (), *parts)[0] for parts in split(path)]


def split(path: Path) -> list[tuple[str, str, str]]:
    """Name, lines of options and the rest of each case. Raises ValueError for two of one name."""
    found: list[tuple[str, str, str]] = _CASE.findall(path.read_text(encoding="utf-8"))
    if not found or len({name for name, _, _ in found}) != len(found):
        raise ValueError(f"{path}: no case, or two of one name")
    return found


def case_of(
    path: Path, known: tuple[str, ...], name: str, options: str, script: str
) -> tuple[Case, dict[str, list[str]]]:
    """A case and all its options. Raises ValueError for one that is not known."""
    values: dict[str, list[str]] = {option: [] for option in (*_OPTIONS, *known)}
    for line in options.splitlines():
        option, _, value = line[2:].partition(": ")
        if option not in values:
            raise ValueError(f"{path}: {name}: no such option: {option}")
        values[option].append(value)
    case = Case(
        file=path.stem,
        name=name,
        script=script.rstrip("\n") + "\n",
        workload=values["workload"][0] if values["workload"] else None,
        program=tuple(" ".join(values["program"]).split()),
        flags=tuple(" ".join(values["flags"]).split()),
        words=tuple(shlex.split(" ".join(values["words"]))),
        hidden=tuple(values["hide"]),
    )
    return case, values
