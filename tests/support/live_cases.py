"""Scripts of tests/live/cases that show one thing each, and say themselves what they must print.

In the comments at their top: `covers:` names of builtins, functions and probe types; `command:`
what runs beside them; `options:` of the loader; `arguments:` what follows the object; `expect:` a
regular expression that a line must match as a whole. `guests:` the case needs a kernel of
tests/kernels, and why; `here:` it needs the machine's own. `since:` the first kernel that can run
it, and what the loader names on an older one; `programs:` what a guest must have for it.
"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import NamedTuple

from tests.support.observe import Job, Result
from tests.support.places import PROJECT, console_script

FOLDER = PROJECT / "tests/live/cases"
_HEAD = re.compile(
    r"^// (covers|command|options|arguments|expect|guests|here|since|programs): (.+)$",
    re.MULTILINE,
)
#: Names whose live case is a test of its own, since the script is another on each machine.
ELSEWHERE = {"cgroupid": "tests/live/test_library.py"}


class Case(NamedTuple):
    """One script; guests, here: why it cannot run here, or not in the guests.

    since: the first kernel that has it, and what older ones lack; both empty for all kernels.
    """

    source: Path
    covers: tuple[str, ...]
    command: str
    options: tuple[str, ...]
    arguments: tuple[str, ...]
    expected: tuple[str, ...]
    guests: str
    here: str
    since: str
    lacking: str
    programs: tuple[Path, ...]

    def __str__(self) -> str:
        return self.source.stem

    def job(self, argv: list[str]) -> Job:
        """Runs the object by the loader's argv, which its path ends."""
        options = ["-c", self.command] if self.command else []
        words = ["--", *self.arguments] if self.arguments else []
        flags = ["--unsafe", *self.options, *options]
        return Job(self.source.stem, [*argv, *flags, *words], interrupt=False)

    def wrong(self, result: Result, kernel: str) -> str:
        """What came of it on a kernel and should not have; empty if all is well."""
        if self.since and _version(kernel) < _version(self.since):
            right = result.status and self.lacking in result.stderr
            return "" if right else f"says nothing of {self.lacking}\n{_told(result)}"
        missing = self.missing(result.stdout)
        right = not (result.problem or result.status or missing)
        return "" if right else f"lacks {missing}\n{_told(result)}"

    def code(self) -> str:
        """The script without its comments."""
        return re.sub(r"//.*", "", self.source.read_text(encoding="utf-8"))

    def missing(self, output: str) -> list[str]:
        """The expressions that no line matches."""
        lines = output.splitlines()
        return [e for e in self.expected if not any(re.fullmatch(e, line) for line in lines)]


def _version(kernel: str) -> tuple[int, ...]:
    return tuple(map(int, kernel.split(".")))


def _told(result: Result) -> str:
    return f"{result.problem} status {result.status}\n{result.stdout}{result.stderr}"


def covered() -> set[str]:
    """The builtins, functions and probe types that run on a kernel."""
    return {name for case in load_cases() for name in case.covers} | set(ELSEWHERE)


def load_cases() -> list[Case]:
    """All of them, by name."""
    return [_case(path) for path in sorted(FOLDER.glob("*.bt"))]


def build_cases(cases: list[Case], folder: Path) -> dict[str, Path]:
    """Compile against the machine's own kernel; the objects by the names of the scripts."""
    sources = [str(case.source) for case in cases]
    subprocess.run(
        [console_script("aotracec"), "build", "--unsafe", *sources, "-o", folder], check=True
    )
    return {str(case): folder / f"{case}.bpf.o" for case in cases}


def _case(path: Path) -> Case:
    found: dict[str, list[str]] = {}
    for key, text in _HEAD.findall(path.read_text(encoding="utf-8")):
        found.setdefault(key, []).append(text)

    def one(key: str) -> str:
        return " ".join(found.get(key, ()))

    since, _, lacking = one("since").partition(" ")
    return Case(
        path, tuple(one("covers").split()), one("command"), tuple(one("options").split()),
        tuple(one("arguments").split()),
        tuple(found["expect"]), one("guests"), one("here"),
        since, lacking, tuple(map(Path, one("programs").split())),
    )  # fmt: skip
