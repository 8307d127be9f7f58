"""Wildcards on this machine's own kernel, by attach cookies and by copies of the program."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.places import console_script

pytestmark = [pytest.mark.live, pytest.mark.needs("root", "bpf", "btf", "libbpf")]

# Through bpf_loop: a copy must know its functions, since the kernel calls one of them back.
SCRIPT = """\
rawtracepoint:sched_s* { for ($i : 0..(pid > 0 ? 2 : 1)) { @[probe] = count(); } }
interval:ms:300 { exit(); }
"""
#: As on a kernel that gives raw tracepoints no cookies (before Linux 6.10).
WITHOUT_COOKIES = """\
import sys
from aotrace.loader.libbpf import syscall
syscall.gives_cookies = lambda lib, kind: False
from aotrace.loader.cli import main
sys.exit(main(sys.argv[1:]))
"""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wildcards")
    (folder / "wild.bt").write_text(SCRIPT)
    argv = [console_script("aotracec"), "build", folder / "wild.bt", "-o", folder / "wild.bpf.o"]
    subprocess.run(argv, check=True)
    return folder / "wild.bpf.o"


@pytest.mark.parametrize("argv", [["-m", "aotrace.loader.cli"], ["-c", WITHOUT_COOKIES]])
def test_each_member_has_its_name(built: Path, argv: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, *argv, "run", built], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    names = [line for line in done.stdout.splitlines() if line]
    assert any(line.startswith("@[rawtracepoint:vmlinux:sched_switch]: ") for line in names)
    assert all(line.startswith("@[rawtracepoint:vmlinux:sched_s") for line in names)
    assert len(names) > 1


def test_a_filter_leaves_out_members(built: Path) -> None:
    argv = [console_script("aotrace"), "run", "--probe-filter", "sched_switch$|interval", built]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=60)
    assert "Attached 2 probes" in done.stderr
    assert [line.partition("]")[0] for line in done.stdout.splitlines() if line] == [
        "@[rawtracepoint:vmlinux:sched_switch"
    ]


def test_no_more_than_may_be_open(built: Path) -> None:
    """Each link is an open file; what cannot be had is said in words."""
    command = f'ulimit -n 36; exec "{console_script("aotrace")}" run "{built}"'
    done = subprocess.run(["/bin/sh", "-c", command], capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert "HINT: allow more: ulimit -n NUMBER" in done.stderr
