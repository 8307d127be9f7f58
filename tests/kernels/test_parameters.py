"""Attach points that parameters complete, where kprobes are: one object, several functions."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.kernels.catalog import Kernel, kernel
from tests.kernels.sharing import Guests, Suite
from tests.support.observe import Job
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


def _prepare(kernel: Kernel, folder: Path) -> list[Job]:
    source, built = folder / "by_name.bt", folder / "by_name.bpf.o"
    source.write_text(_SCRIPT)
    subprocess.run([console_script("aotracec"), "build", source, "-o", built], check=True)
    return [
        _job("sleep", built, "hrtimer_nanosleep", "sleep"),
        _job("read", built, "vfs_read", "cat"),
        _job("missing", built, "no_such_function", "cat", ready=None),
        _job("empty", built, ready=None),
    ]


SUITE = Suite("parameters", _prepare)


@pytest.mark.parametrize("kernel", [kernel("6.1")], ids=lambda kernel: kernel.name)
def test_functions_by_parameter(kernel: Kernel, guests: Guests) -> None:
    results = guests.ran(SUITE, kernel).results
    for name, function in (("sleep", "hrtimer_nanosleep"), ("read", "vfs_read")):
        shown = results[name].check().stdout
        assert f"in kprobe:{function}\n" in shown
        assert f"out kretprobe:{function}\n" in shown
    assert results["missing"].status == 1
    assert "this kernel has no function no_such_function" in results["missing"].stderr
    assert results["empty"].status == 1
    assert "`kprobe:` is no such probe" in results["empty"].stderr
