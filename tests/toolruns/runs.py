"""Builds bpftrace's tools once and runs them, on this kernel and on others, a batch at a time."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aotrace.compiler.arch import ARCHES
from aotrace.compiler.codegen.backend import Backend
from aotrace.compiler.diagnostics import CompileError
from aotrace.compiler.kernel.sources import open_sources
from aotrace.compiler.pipeline import Compiler, Options
from aotrace.compiler.source import Source

from tests.kernels.catalog import Kernel
from tests.kernels.image import Extras
from tests.kernels.vm import Vm
from tests.support import forky
from tests.support.observe import Job, observe
from tests.support.places import PROJECT, SYSTEM_PYTHON, console_script, program
from tests.toolruns.expectations import BY_TOOL, Expectation

#: version -> where Debian's package of that version has its tools
FOLDERS = {"0.17": Path("/usr/sbin"), "0.27": forky.ROOT / "usr/sbin"}
_BATCH = 13  # tools at once
_SETTLE = 1.3  # seconds: tools that show what came within a second have shown it
_TIMEOUT = 240.0
_PROGRAMS = ("bash", "mkfs.xfs", "mdadm", "openssl")
_MODULES = ("loop", "zram", "raid1", "xfs")
_FILES = (Path("/etc/ld.so.cache"),)  # by which libraries are found
_HERE = PROJECT / "tests/toolruns"
#: of an outcome: the tool did what it is for, or what was wrong with it
GOOD = "ok"
#: of one that cannot run, since the kernel was built without kprobes
NO_KPROBES = "no kprobes"


@dataclass(frozen=True)
class Tool:
    """One script of one package."""

    name: str
    version: str
    path: Path

    def __str__(self) -> str:
        return f"{self.name}-{self.version}"

    @property
    def expectation(self) -> Expectation:
        return BY_TOOL[self.name]

    @property
    def wants_kprobes(self) -> bool:
        return re.search(r"^k(ret)?probe:", self.path.read_text(), re.MULTILINE) is not None


@dataclass(frozen=True)
class Outcome:
    """What came of one tool on one kernel: GOOD, or words."""

    verdict: str
    stdout: str = ""
    stderr: str = ""


def tools() -> list[Tool]:
    """All tools of both packages."""
    return [
        Tool(path.stem, version, path)
        for version, folder in FOLDERS.items()
        for path in sorted(folder.glob("*.bt"))
    ]


def build(
    wanted: Sequence[Tool], folder: Path, kernel: Kernel | None = None
) -> tuple[dict[str, Path], dict[str, str]]:
    """Compile each for a kernel (None: this machine's): objects, and the errors of the others."""
    objects: dict[str, Path] = {}
    errors: dict[str, str] = {}
    folder.mkdir(exist_ok=True)
    known = (kernel.btf, kernel.events) if kernel else (None, None)
    btf, events = known
    sources = open_sources(btf, events, "x86_64")
    with Compiler(sources, Options(ARCHES["x86_64"]), Backend()) as compiler:
        for tool in wanted:
            text = tool.path.read_text(encoding="utf-8", errors="surrogateescape")
            source = Source(str(tool.path), text)
            try:
                data = compiler.emit(source, compiler.analyse(source)).object
            except CompileError as error:
                errors[str(tool)] = str(error)
                continue
            objects[str(tool)] = folder / f"{tool}.bpf.o"
            objects[str(tool)].write_bytes(data)
    return objects, errors


def run_here(wanted: Sequence[Tool], objects: dict[str, Path], folder: Path) -> dict[str, Outcome]:
    """On this machine's own kernel."""
    make_certificate(folder)
    found: dict[str, Outcome] = {}
    if not _has_kprobes():
        found.update({str(t): Outcome(NO_KPROBES) for t in wanted if t.wants_kprobes})
        wanted = [tool for tool in wanted if str(tool) not in found]
    for number, batch in enumerate(_batches(wanted, objects)):
        loader = [str(console_script("aotrace")), "run"]
        argv = {str(tool): [*loader, str(objects[str(tool)])] for tool in batch}
        job = _job(f"batch{number}", batch, argv, folder, folder)
        found.update(_judge(batch, observe(job).check().stdout))
    return found


def run_in(kernel: Kernel, wanted: Sequence[Tool], objects: dict[str, Path]) -> dict[str, Outcome]:
    """On another kernel, all batches in one boot."""
    programs = tuple(path for name in _PROGRAMS if (path := program(name)))
    extras = Extras(programs, _FILES, _MODULES, (_HERE,))
    with Vm(kernel, memory="2G", extras=extras) as vm:
        make_certificate(vm.shared)
        batches, jobs = list(_batches(wanted, objects)), []
        for number, batch in enumerate(batches):
            argv = {}
            for tool in batch:
                inside = shutil.copy(objects[str(tool)], vm.shared)
                argv[str(tool)] = ["aotrace", "run", str(inside)]
            # the guest's own memory to work in: loop devices over 9p are slow
            jobs.append(_job(f"batch{number}", batch, argv, vm.shared, Path("/tmp")))
        found: dict[str, Outcome] = {}
        for batch, result in zip(batches, vm.run(jobs)):
            found.update(_judge(batch, result.check().stdout))
        return found


def _has_kprobes() -> bool:
    with open("/proc/kallsyms") as symbols:
        return any(line.endswith(" register_kprobe\n") for line in symbols)


def make_certificate(folder: Path) -> None:
    """cert.pem, key included."""
    key, certificate = folder / "key.pem", folder / "only.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "3650",
         "-subj", "/CN=localhost", "-keyout", key, "-out", certificate],
        check=True, capture_output=True,
    )  # fmt: skip
    (folder / "cert.pem").write_bytes(key.read_bytes() + certificate.read_bytes())


def _batches(wanted: Sequence[Tool], objects: dict[str, Path]) -> Iterator[list[Tool]]:
    built = [tool for tool in wanted if str(tool) in objects]
    for start in range(0, len(built), _BATCH):
        yield built[start : start + _BATCH]


def _job(name: str, batch: list[Tool], argv: dict[str, list[str]], shared: Path, work: Path) -> Job:
    """A batch with the jobs that its tools want; `shared` holds the plan and the certificate."""
    jobs = sorted({job for tool in batch for job in tool.expectation.jobs})
    python = str(SYSTEM_PYTHON)
    workload = [python, str(_HERE / "workload.py"), str(work), str(shared / "cert.pem"), *jobs]
    plan: dict[str, Any] = {
        "tracers": argv, "workload": workload, "settle": _SETTLE, "timeout": _TIMEOUT,
    }  # fmt: skip
    path = shared / f"{name}.json"
    path.write_text(json.dumps(plan))
    command = [python, str(_HERE / "batch.py"), str(path)]
    return Job(name, command, interrupt=False, timeout=_TIMEOUT + 30)


def _judge(batch: list[Tool], said: str) -> dict[str, Outcome]:
    result = json.loads(said)
    try:
        work = json.loads(result["workload"])
    except ValueError:
        work = {"facts": {}, "problems": [result["workload"]]}
    return {str(tool): _verdict(tool, work, *result["outcomes"][str(tool)]) for tool in batch}


def _verdict(
    tool: Tool, work: dict[str, Any], status: int | None, stdout: str, stderr: str
) -> Outcome:
    if status != 0:
        last = stderr.strip().splitlines()[:1] or ["killed"]
        return Outcome(last[0], stdout, stderr)
    missing = tool.expectation.missing(stdout, work["facts"], tool.version == "0.17")
    if not missing:
        return Outcome(GOOD, stdout, stderr)
    hurt = [p for p in work["problems"] if p.partition(":")[0] in tool.expectation.jobs]
    return Outcome(f"no line {missing[0]} {' '.join(hurt)}", stdout, stderr)
