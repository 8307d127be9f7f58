"""Scripts that this machine's own kernel cannot run, under bpftrace 0.27 and aotrace in a guest.

The cases of differential.txt, in the form of tests/differential/cases.py: a workload is the command
that is traced (-c). All of them run in one boot, with bpftrace's own libraries in the RAM disk.
"""

from __future__ import annotations

import functools
import re
import shlex
import subprocess
from pathlib import Path

import pytest

from tests.differential.cases import Case, read
from tests.kernels.catalog import kernel
from tests.kernels.image import Extras
from tests.kernels.vm import Vm
from tests.support.forky import ROOT, bpftrace27
from tests.support.observe import Job, Result
from tests.support.places import console_script

pytestmark = [
    pytest.mark.kernels,
    pytest.mark.needs("kernels", "btf", "bpftrace27"),
    pytest.mark.xdist_group("differential"),  # one boot
]

CASES = read(Path(__file__).with_name("differential.txt"))
_KERNEL = "6.12"
_SECONDS = 180.0
_COUNT = re.compile(r"^(?:Attached|Attaching) \d+ probes?", re.MULTILINE)


def _libraries() -> tuple[Path, ...]:
    """bpftrace, its dynamic linker and what that finds for it."""
    argv = bpftrace27()
    linker, binary = Path(argv[0]), Path(argv[-1])
    folder = ROOT / "usr/lib/x86_64-linux-gnu"
    listed = subprocess.run(
        [linker, "--library-path", folder, "--list", binary], capture_output=True, text=True
    ).stdout
    found = re.findall(r"=> (\S+)", listed)
    return linker, binary, *(Path(path) for path in found)


def _build(folder: Path) -> dict[str, str]:
    """Compile all cases; why one is refused by its name."""
    refused = {}
    for case in CASES:
        source = folder / f"{case}.bt"
        source.write_text(case.script)
        argv = [console_script("aotracec"), "build", source, "-o", folder / f"{case}.bpf.o"]
        done = subprocess.run([str(word) for word in argv], capture_output=True, text=True)
        if done.returncode:
            refused[str(case)] = done.stderr
    return refused


def _jobs(case: Case, folder: Path, refused: dict[str, str]) -> list[Job]:
    command = ["-c", case.workload] if case.workload else []
    options = [*case.flags, *command]
    script, built = str(folder / f"{case}.bt"), str(folder / f"{case}.bpf.o")
    theirs = bpftrace27("--no-warnings", *options, script, "--", *case.words)
    ours = ["aotrace", "run", *options, built, "--", *case.words]
    if str(case) in refused:
        ours = ["/bin/sh", "-c", f"echo {shlex.quote(refused[str(case)])} >&2; exit 1"]
    return [
        Job(f"{who} {case}", argv, interrupt=False, timeout=_SECONDS)
        for who, argv in (("bpftrace", theirs), ("aotrace", ours))
    ]


@functools.cache
def _results() -> dict[str, Result]:
    with Vm(kernel(_KERNEL), memory="2G", extras=Extras(files=_libraries())) as vm:
        refused = _build(vm.shared)
        jobs = [job for case in CASES for job in _jobs(case, vm.shared, refused)]
        return {result.name: result for result in vm.run(jobs)}


def _shown(case: Case, result: Result) -> list[str]:
    """The lines; those of maps alone sorted, since bpftrace leaves equal values in any order."""
    lines = case.visible(result.stdout).splitlines()
    return sorted(lines) if all(line.startswith("@") for line in lines if line) else lines


@pytest.mark.parametrize("case", CASES, ids=str)
def test_same_in_a_guest(case: Case) -> None:
    theirs, ours = (_results()[f"{who} {case}"] for who in ("bpftrace", "aotrace"))
    assert theirs.stdout.strip(), f"bpftrace printed nothing: {theirs.stderr}"
    assert _shown(case, ours) == _shown(case, theirs), ours.stderr
    assert ours.status == theirs.status, ours.stderr
    if "ret" not in case.script:  # bpftrace makes one probe of a kprobe and its kretprobe
        assert _COUNT.findall(ours.stderr) == _COUNT.findall(theirs.stderr)
