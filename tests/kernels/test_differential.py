"""Scripts that this machine's own kernel cannot run, under bpftrace 0.27 and aotrace in a guest.

The cases of differential.txt, in the form of tests/differential/cases.py: a workload is the command
that is traced (-c). All of them run in one boot, with bpftrace's own libraries in the RAM disk.
"""

from __future__ import annotations

import functools
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.differential.cases import Case, read
from tests.kernels.catalog import kernel
from tests.kernels.image import Extras
from tests.kernels.vm import Vm
from tests.support.forky import bpftrace27, guest_files
from tests.support.observe import Job, Result
from tests.support.places import console_script

pytestmark = [
    pytest.mark.kernels,
    pytest.mark.needs("kernels", "btf", "bpftrace27"),
]

CASES = read(Path(__file__).with_name("differential.txt"))
_KERNEL = "6.12"
_SECONDS = 180.0
_MOST = 12  # cases in one script
_ALONE = re.compile(r"\b(config|begin|end|exit|iter|it)\b")
_COUNT = re.compile(r"^(?:Attached|Attaching) \d+ probes?", re.MULTILINE)


class Batch(NamedTuple):
    """Cases that are one script, since what bpftrace takes to start is most of what they take."""

    name: str
    cases: tuple[Case, ...]

    @property
    def script(self) -> str:
        """Each case's maps get names of their own."""
        if len(self.cases) == 1:
            return self.cases[0].script
        scripts = (re.sub("@", f"@m{n}_", case.script) for n, case in enumerate(self.cases))
        return "\n".join(scripts)


def _batches() -> Iterator[Batch]:
    """Those that trace one workload.

    Alone is what ends a run or sets its config, and an iterator, of which bpftrace runs but one.
    """
    alike: dict[object, list[Case]] = {}
    for case in CASES:
        single = _ALONE.search(case.script) or case.flags or case.words
        key = case if single else case.workload
        alike.setdefault(key, []).append(case)
    for cases in alike.values():
        for start in range(0, len(cases), _MOST):
            yield Batch(str(cases[start]), tuple(cases[start : start + _MOST]))


BATCHES = tuple(_batches())
_OF = {case: batch for batch in BATCHES for case in batch.cases}


def _jobs(batch: Batch, folder: Path) -> list[Job]:
    case = batch.cases[0]
    source, built = folder / f"{batch.name}.bt", folder / f"{batch.name}.bpf.o"
    source.write_text(batch.script)
    subprocess.run([console_script("aotracec"), "build", source, "-o", built], check=True)
    command = ["-c", case.workload] if case.workload else []
    options = [*case.flags, *command]
    theirs = bpftrace27("--no-warnings", *options, str(source), "--", *case.words)
    ours = ["aotrace", "run", *options, str(built), "--", *case.words]
    return [
        Job(f"{who} {batch.name}", argv, interrupt=False, timeout=_SECONDS)
        for who, argv in (("bpftrace", theirs), ("aotrace", ours))
    ]


@functools.cache
def _results() -> dict[str, Result]:
    with Vm(kernel(_KERNEL), memory="2G", extras=Extras(files=guest_files())) as vm:
        jobs = [job for batch in BATCHES for job in _jobs(batch, vm.shared)]
        return {result.name: result for result in vm.run(jobs)}


def _shown(batch: Batch, result: Result) -> list[str]:
    """The lines; those of maps sorted, since bpftrace leaves equal values in any order."""
    lines = batch.cases[0].visible(result.stdout).splitlines()
    printed = [line for line in lines if line and not line.startswith("@")]
    return printed + sorted(line for line in lines if line.startswith("@"))


@pytest.mark.parametrize("case", CASES, ids=str)
def test_same_in_a_guest(case: Case) -> None:
    batch = _OF[case]
    theirs, ours = (_results()[f"{who} {batch.name}"] for who in ("bpftrace", "aotrace"))
    assert theirs.stdout.strip(), f"bpftrace printed nothing: {theirs.problem} {theirs.stderr}"
    assert _shown(batch, ours) == _shown(batch, theirs), f"{ours.problem} {ours.stderr}"
    assert ours.status == theirs.status, ours.stderr
    assert _COUNT.findall(ours.stderr) == _COUNT.findall(theirs.stderr)
