"""Golden files: scripts with what is expected of them, many cases to a file.

    What the file is about.

    === name of a case
    BEGIN { … }
    --- what it is compared with
    …

AOTRACE_UPDATE_GOLDEN=1 writes what comes out now; read the difference before you commit it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).parent
_CASE = re.compile(r"^=== (.+)\n((?:.*\n)*?)^--- (\w+)\n((?:.*\n)*?)(?=^=== |\Z)", re.MULTILINE)


class Case(NamedTuple):
    """One case of a file; `kind` says what `expected` is."""

    path: Path
    name: str
    script: str
    kind: str
    expected: str

    def __str__(self) -> str:
        return f"{self.path.stem}-{self.name}".replace(" ", "_")


def load(folder: str) -> list[Case]:
    """All cases of the files of a folder."""
    return [case for path in sorted((HERE / folder).glob("*.txt")) for case in read(path)]


def read(path: Path) -> list[Case]:
    """The cases of one file. Raises ValueError where two have the same name, or text is lost."""
    text = path.read_text(encoding="utf-8")
    cases = [
        Case(path, name, script.rstrip("\n") + "\n", kind, expected.rstrip("\n") + "\n")
        for name, script, kind, expected in _CASE.findall(text)
    ]
    names = [case.name for case in cases]
    if len(set(names)) != len(names) or len(names) != text.count("\n=== "):
        raise ValueError(f"{path}: two cases have one name, or a case has no `---`")
    return cases


def verify(case: Case, show: Callable[[str], str]) -> None:
    """Compare what `show` makes of the case's script with what is expected, or write it anew."""
    shown = show(case.script).rstrip("\n") + "\n"
    if shown != case.expected and os.environ.get("AOTRACE_UPDATE_GOLDEN"):
        update(case, shown)
        return
    assert shown == case.expected


def update(case: Case, shown: str) -> None:
    """Write one case anew; the others of its file stay as they are."""
    text = case.path.read_text(encoding="utf-8")
    head = text[: text.index("\n=== ") + 1]
    cases = [
        each._replace(expected=shown if each.name == case.name else each.expected)
        for each in read(case.path)
    ]
    body = "\n".join(
        f"=== {each.name}\n{each.script}--- {each.kind}\n{each.expected}" for each in cases
    )
    case.path.write_text(head + body, encoding="utf-8")
