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

from aotrace.compiler.diagnostics import CompileError

from tests.kernels.catalog import Kernel
from tests.kernels.image import Extras
from tests.kernels.vm import Vm
from tests.support.observe import Job, observe
from tests.support.places import PROJECT, SYSTEM_PYTHON, console_script, program
from tests.toolruns.expectations import BY_TOOL
from tests.tools.building import Tool, open_compiler, why

_BATCH = 13  # tools at once
_SETTLE = 1.3  # seconds: tools that show what came within a second have shown it
_TIMEOUT = 240.0
_PROGRAMS = ("mkfs.xfs", "mdadm")
_SHELL = Path("/bin/bash")  # under the very name that a tool probes
# xfs wants a checksum that it does not name among what it depends on
_MODULES = ("loop", "zram", "raid1", "crc32c_generic", "xfs")
_FILES = (Path("/etc/ld.so.cache"),)  # by which libraries are found
_ABSENT = re.compile(r"WARNING: cannot attach \S+ \([^)]*\): (.*?)\.? Skipping")
_PLACE = re.compile(r" ?\(/[^)]*:\d+\)")
#: bpftrace 0.17 does without functions that are missing; so does 0.27 where the script says so.
#: With a warning of each, a tool that has nothing to trace tells why.
_OLD_WAYS = {"AOTRACE_MISSING_PROBES": "warn"}
_HERE = PROJECT / "tests/toolruns"
#: of an outcome: the tool did what it is for, or what was wrong with it
GOOD = "ok"
#: of one that cannot run, since the kernel was built without kprobes
NO_KPROBES = "no kprobes"


@dataclass(frozen=True)
class Outcome:
    """What came of one tool on one kernel: GOOD, or words."""

    verdict: str
    stdout: str = ""
    stderr: str = ""


def build(
    wanted: Sequence[Tool], folder: Path, kernel: str
) -> tuple[dict[str, Path], dict[str, str]]:
    """Compile each for a kernel: objects, and the errors of the others."""
    objects: dict[str, Path] = {}
    errors: dict[str, str] = {}
    folder.mkdir(exist_ok=True)
    with open_compiler(kernel) as new, open_compiler(kernel, **_OLD_WAYS) as old:
        for tool in wanted:
            source = tool.source()
            tolerant = tool.version == "0.17" or "missing_probes" in source.text
            compiler = old if tolerant else new
            try:
                data = compiler.emit(source, compiler.analyse(source)).object
            except CompileError as error:
                errors[str(tool)] = why(error)
                continue
            objects[str(tool)] = folder / f"{tool}.bpf.o"
            objects[str(tool)].write_bytes(data)
    return objects, errors


def run_here(wanted: Sequence[Tool], objects: dict[str, Path], folder: Path) -> dict[str, Outcome]:
    """On this machine's own kernel."""
    make_certificate(folder)
    found: dict[str, Outcome] = {}
    if not _has_kprobes():
        found.update({str(t): Outcome(NO_KPROBES) for t in wanted if _wants_kprobes(t)})
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
    extras = Extras((_SHELL, *programs), _FILES, _MODULES, (_HERE,))
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


def _wants_kprobes(tool: Tool) -> bool:
    return re.search(r"^k(ret)?probe:", tool.source().text, re.MULTILINE) is not None


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
    jobs = sorted({job for tool in batch for job in BY_TOOL[tool.name].jobs})
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
        return Outcome(_reason(stderr) if status else "killed", stdout, stderr)
    missing = BY_TOOL[tool.name].missing(stdout, work["facts"], tool.version == "0.17")
    if not missing:
        return Outcome(GOOD, stdout, stderr)
    if lacks := _ABSENT.findall(stderr):
        nothing = _attached(stderr) <= _always_there(tool)
        return Outcome(
            f"{'nothing' if nothing else 'too little'} to trace: {lacks[0]}", stdout, stderr
        )
    hurt = [p for p in work["problems"] if p.partition(":")[0] in BY_TOOL[tool.name].jobs]
    return Outcome(f"no line {missing[0]} {' '.join(hurt)}", stdout, stderr)


def _attached(stderr: str) -> int:
    found = re.search(r"^Attached (\d+) probe", stderr, re.MULTILINE)
    return int(found[1]) if found else 0


def _always_there(tool: Tool) -> int:
    """How many of a tool's probes every kernel has."""
    return len(re.findall(r"^(?:BEGIN|END|interval:\S+)\b", tool.source().text, re.MULTILINE))


def _reason(stderr: str) -> str:
    """What the loader's error says, without the script's place."""
    errors = [line for line in stderr.splitlines() if line.startswith("ERROR: ")]
    return _PLACE.sub("", errors[0].partition("ERROR: ")[2]) if errors else "it said nothing"
