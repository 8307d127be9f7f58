"""`aotrace list` on this machine: what a lockdown hides, objects, processes, errors."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.places import console_script

pytestmark = [pytest.mark.live, pytest.mark.needs("root", "bpf", "btf", "libbpf")]


def said(*words: str, status: int = 0) -> list[str]:
    done = subprocess.run(
        [console_script("aotrace"), "list", *words], capture_output=True, text=True
    )
    assert done.returncode == status, done.stderr
    return (done.stderr if status else done.stdout).splitlines()


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("kprobe:vfs_re*", "kprobe:vfs_read"),
        ("k:vmlinux:vfs_re*", "kprobe:vmlinux:vfs_read"),
        ("kretprobe:vfs_read", "kretprobe:vfs_read"),
        ("fentry:vfs_re*", "fentry:vmlinux:vfs_read"),
        ("fexit:vmlinux:vfs_re*", "fexit:vmlinux:vfs_read"),
        ("rawtracepoint:sched_*", "rawtracepoint:vmlinux:sched_switch"),
        ("rt:vmlinux:sched_switch", "rawtracepoint:vmlinux:sched_switch"),
        ("iter:*", "iter:task"),
        ("*sched_switch", "tracepoint:sched:sched_switch"),
        ("*:*sched_switch", "rawtracepoint:vmlinux:sched_switch"),
        ("software:faults", "software:faults:"),
        ("usdt:/nowhere*:*", None),
        ("begin", None),
    ],
)
def test_names(search: str, found: str | None) -> None:
    lines = said(search)
    assert found in lines if found else lines == []


@pytest.mark.parametrize(
    ("search", "arguments"),
    [
        ("kprobe:vfs_read", ["struct file * arg0", "char * arg1", "size_t arg2", "loff_t * arg3"]),
        ("kretprobe:vfs_read", ["ssize_t retval"]),
        (
            "fentry:vmlinux:vfs_read",
            ["struct file * file", "char * buf", "size_t count", "loff_t * pos"],
        ),
        ("fexit:vfs_fsync", ["struct file * file", "int datasync", "int retval"]),
        ("iter:task_file", ["struct task_struct * task", "u32 fd", "struct file * file"]),
        ("rawtracepoint:sys_enter", ["struct pt_regs * regs", "long int id"]),
    ],
)
def test_arguments(search: str, arguments: list[str]) -> None:
    assert said(search, "-v")[1:] == [f"    {argument}" for argument in arguments]


def test_a_regular_expression() -> None:
    assert said("-r", "^tracepoint:sched:.*_switch$") == ["tracepoint:sched:sched_switch"]
    (error, hint) = said("-r", "(", status=1)
    assert error.startswith("ERROR: '(' is no regular expression: ")
    assert hint == "HINT: see -r"


def test_everything_is_listed_by_type_and_name() -> None:
    lines = said()
    types = [line.partition(":")[0] for line in lines]
    assert sorted(set(types)) == list(dict.fromkeys(types))
    assert {"fentry", "hardware", "iter", "kprobe", "software", "tracepoint"} <= set(types)


def test_a_file_and_a_process() -> None:
    assert f"uprobe:{sys.executable}:main" in said(f"uprobe:{sys.executable}:mai*")
    own = os.path.realpath(sys.executable)
    assert any(
        line.endswith(f"{own}:main") for line in said("-p", str(os.getpid()), "uprobe:*:main")
    )
    assert said("uprobe:/nowhere:*", status=1)[0] == "ERROR: there is no file /nowhere"
    assert said("usdt:/etc/passwd:*", status=1)[0] == "ERROR: /etc/passwd is not an ELF file"


def test_an_object(tmp_path: Path) -> None:
    script = "begin { } tracepoint:sched:sched_swit* { } interval:s:1 { } software:faults:10 { }"
    target = tmp_path / "some.bpf.o"
    command = [console_script("aotracec"), "build", "-e", script, "-o", target]
    subprocess.run(command, check=True)
    assert said(str(target)) == [
        "tracepoint:sched:sched_switch", "interval:s:1", "software:faults:10"
    ]  # fmt: skip
    assert said(str(target), "-v")[1] == "    char prev_comm[16]"


def test_what_makes_no_sense() -> None:
    assert (
        said("kprobe:a", "kprobe:b", status=1)[0]
        == "ERROR: more than one search: kprobe:a kprobe:b"
    )
    assert said("-p", "x", status=1)[0] == "ERROR: not a process id: x"
    assert said("-p", "4194000", status=1) == ["ERROR: there is no process 4194000", "HINT: see -p"]


def test_who_stops_reading_gets_no_traceback() -> None:
    command = f"{console_script('aotrace')} list 2>&1 | head -1"
    done = subprocess.run(["/bin/sh", "-c", command], capture_output=True, text=True, check=True)
    assert done.stdout.count("\n") == 1
    assert done.stderr == ""


def test_several_types() -> None:
    assert said("struct list_head, struct hlist_head") == ["struct list_head", "struct hlist_head"]
