"""Objects for aarch64: each pack fits an arm64 kernel's BTF, and some run on that kernel."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from aotrace.loader import objectfile

from tests.kernels import arm64
from tests.support.observe import Job, Result
from tests.support.packs import EXPECTATIONS, Expectation
from tests.support.places import console_script, program

pytestmark = [
    pytest.mark.kernels,
    pytest.mark.needs("arm64"),
]

_SCRIPT = """
kprobe:vfs_read /comm == "dd" && arg2 == 4321/ { print((probe, arg2)); }
kretprobe:vfs_read /comm == "dd" && retval == 4321/ { print((probe, retval)); }
tracepoint:syscalls:sys_enter_read /comm == "dd" && args.count == 4321/ { print(args.count); }
iter:task /ctx.task.pid == pid/ { print((probe, ctx.task.comm == comm)); }
profile:hz:99 { @samples = 1; }
software:page-faults:1 { @faults = 1; }
end { print((@samples, @faults)); clear(@samples); clear(@faults); }
"""
#: What runs there: a boot in emulation has to stay short.
_RUN = [one for one in EXPECTATIONS if one.script in ("tcpconnect-kprobe", "tcpstates")]


def _build(folder: Path, *words: str) -> None:
    options = ["--arch", "aarch64", "--btf", str(arm64.BTF), "--no-warnings"]
    subprocess.run([console_script("aotracec"), "build", *options, *words], check=True, cwd=folder)


@pytest.fixture(scope="module")
def objects(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("arm64")
    _build(folder, *(str(one.source) for one in EXPECTATIONS), "-o", str(folder))
    _build(folder, "-e", _SCRIPT, "-o", "mixed.bpf.o")
    return {path.name.partition(".")[0]: path for path in folder.glob("*.bpf.o")}


@pytest.fixture(scope="module")
def results(objects: dict[str, Path]) -> dict[str, Result]:
    jobs = [one.job(["aotrace", "run", f"/{one.script}.bpf.o"]) for one in _RUN]
    command = "/bin/dd if=/dev/zero of=/dev/null bs=4321 count=1"
    jobs.append(Job("mixed", ["aotrace", "run", "/mixed.bpf.o", "-c", command], interrupt=False))
    found = arm64.run(jobs, [objects[job.name] for job in jobs])
    return {result.name: result for result in found}


@pytest.mark.parametrize("expectation", EXPECTATIONS, ids=lambda one: one.script)
def test_an_object_fits_the_kernel(expectation: Expectation, objects: dict[str, Path]) -> None:
    """bpftool resolves each relocation against the kernel's types, as its loader would."""
    path = objects[expectation.script]
    assert objectfile.read(str(path)).metadata().arch == "aarch64"
    header = subprocess.run(["readelf", "-h", path], capture_output=True, text=True, check=True)
    assert "ELF64" in header.stdout
    assert "Linux BPF" in header.stdout
    minimal = path.with_suffix(".btf")
    bpftool = str(program("bpftool"))
    subprocess.run([bpftool, "gen", "min_core_btf", arm64.BTF, minimal, path], check=True)
    dumped = subprocess.run(
        [bpftool, "-j", "btf", "dump", "file", minimal], capture_output=True, text=True, check=True
    )
    needed = objectfile.read(str(path)).metadata().core
    structs = {kind.partition("___")[0] for kind, field in needed if field}
    names = {kind["name"] for kind in json.loads(dumped.stdout)["types"]}
    assert structs <= names


@pytest.mark.parametrize("expectation", _RUN, ids=lambda one: one.script)
def test_it_shows_the_connections(expectation: Expectation, results: dict[str, Result]) -> None:
    result = results[expectation.script].check()
    assert not expectation.missing(result), result.stdout


def test_registers_system_calls_iterators_and_samples(results: dict[str, Result]) -> None:
    lines = results["mixed"].check().stdout.splitlines()
    assert lines[0] == "(iter:task, true)"
    assert lines.index("4321") < lines.index("(kprobe:vfs_read, 4321)")
    assert "(kretprobe:vfs_read, 4321)" in lines
    assert "(1, 1)" in lines


def test_another_machine_refuses_it(objects: dict[str, Path]) -> None:
    argv = [str(console_script("aotrace")), "run", str(objects["tcpstates"])]
    done = subprocess.run(argv, capture_output=True, text=True)
    assert done.returncode == 1
    assert "was made for aarch64, and this machine is x86_64" in done.stderr
    assert "HINT: compile the script with --arch x86_64" in done.stderr
