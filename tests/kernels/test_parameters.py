"""Attach points that parameters complete, where kprobes are: one object, several functions."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.kernels.catalog import Kernel, kernel
from tests.kernels.vm import Vm
from tests.support.observe import Job, Result
from tests.support.places import console_script

pytestmark = [pytest.mark.kernels, pytest.mark.needs("kernels", "btf")]

_SCRIPT = """kprobe:$1 /comm == str($2)/ { printf("in %s\\n", probe); @in = 1; }
kretprobe:$1 /comm == str($2)/ { printf("out %s\\n", probe); @out = 1; exit(); }
"""
_READY = r"^Attached \d+ probe"
_NANOSLEEP = ["/bin/sh", "-c", "sleep 0.1; cat /proc/self/status >/dev/null"]


def _job(name: str, path: Path, *words: str, ready: str | None = _READY) -> Job:
    argv = ["aotrace", "run", str(path), "--", *words]
    return Job(name, argv, ready=ready, workload=_NANOSLEEP, interrupt=False)


def _runs(which: Kernel, built: Path) -> dict[str, Result]:
    with Vm(which) as vm:
        path = Path(shutil.copy(built, vm.shared))
        jobs = [
            _job("sleep", path, "hrtimer_nanosleep", "sleep"),
            _job("read", path, "vfs_read", "cat"),
            _job("missing", path, "no_such_function", "cat", ready=None),
            _job("empty", path, ready=None),
        ]
        return {result.name: result for result in vm.run(jobs)}


def test_functions_by_parameter(tmp_path: Path) -> None:
    source, built = tmp_path / "by_name.bt", tmp_path / "by_name.bpf.o"
    source.write_text(_SCRIPT)
    subprocess.run([console_script("aotracec"), "build", source, "-o", built], check=True)
    results = _runs(kernel("6.1"), built)
    for name, function in (("sleep", "hrtimer_nanosleep"), ("read", "vfs_read")):
        shown = results[name].check().stdout
        assert f"in kprobe:{function}\n" in shown
        assert f"out kretprobe:{function}\n" in shown
    assert results["missing"].status == 1
    assert "this kernel has no function no_such_function" in results["missing"].stderr
    assert results["empty"].status == 1
    assert "`kprobe:` is no such probe" in results["empty"].stderr
