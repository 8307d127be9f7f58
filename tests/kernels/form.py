"""The record of a probe form (forms.py)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from tests.support.observe import Job, Result

HERE = "6.18"  # the build host's own kernel, beside those of tests/kernels/catalog.py


@dataclass(frozen=True)
class Form:
    """One way to write an attach point.

    expected: a regular expression that a line of the output must match as a whole; the value in it
    comes from the workload, an argv. words: what follows the object on the command line, as a shell
    has it; flags: what stands before it. {programs}, {object} and {loader} in them are filled in.
    unsafe: whether the script is compiled so. refused: by kernel, a regular expression of all that
    aotrace says where the form is not to be had, the script being SCRIPT. only: the kernels that
    have what the script traces; none: all. between: whether kernels between the oldest and the
    newest attach it in another way than these, or say other words, and have to be tried as well.
    """

    name: str
    script: str
    expected: str
    workload: tuple[str, ...] = ()
    words: str = ""
    words_on: dict[str, str] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)
    only: tuple[str, ...] = ()
    flags: str = ""
    unsafe: bool = False
    between: bool = False

    @property
    def slug(self) -> str:
        return re.sub(r"[^a-z0-9]+", "_", self.name.lower()).strip("_")

    def job(self, kernel: str, loader: str, names: dict[str, str]) -> Job:
        """Runs the object; names: what stands for {programs} and {object}."""
        words = self.words_on.get(kernel, self.words)
        # not str.format: shells and scripts have braces of their own
        names = {**names, "loader": loader}
        here = "cd {programs} && PATH=$PATH:{programs} exec"
        command = f"{here} {{loader}} run {self.flags} {{object}} {words}"
        workload = [_filled(word, names) for word in self.workload]
        return Job(
            self.name, ["/bin/sh", "-c", _filled(command, names)], ready="^Attached",
            workload=workload or None, settle=0.1, interrupt=bool(workload), timeout=60,
        )  # fmt: skip

    def verdict(self, kernel: str, result: Result) -> str:
        """`fired`, `refused`, or what is wrong."""
        if kernel in self.refused:
            said = re.sub(rf"[^\s(]*/{self.slug}\.(bt|bpf\.o)", "SCRIPT", result.stderr).strip()
            if result.status and re.fullmatch(self.refused[kernel], said, re.DOTALL):
                return "refused"
            return f"FAILS: {said or result.stdout}"
        lines = result.stdout.splitlines()
        if result.status == 0 and any(re.fullmatch(self.expected, line) for line in lines):
            return "fired"
        return f"FAILS: {result.problem} {result.stdout} {result.stderr}"


def _filled(text: str, names: dict[str, str]) -> str:
    for name, value in names.items():
        text = text.replace("{" + name + "}", value)
    return text
