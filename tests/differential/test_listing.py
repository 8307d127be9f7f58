"""`aotrace list` and bpftrace's -l find the same, and show it alike."""

from __future__ import annotations

import subprocess

import pytest

from tests.support.forky import bpftrace27
from tests.support.places import console_script

pytestmark = [pytest.mark.differential, pytest.mark.needs("root", "bpf", "btf", "bpftrace27")]


@pytest.mark.parametrize(
    "search",
    [
        "software:*", "software:page*", "s:*fault*", "hardware:*", "h:c*", "interval:*", "i:*",
        "profile:*", "self:*", "self:signal:*", "tracepoint:sched:*", "t:syscalls:sys_enter_open*",
        "tracepoint:*sched_sw*", "tracepoint:*:*_waking", "nosuch:*", "software:nosuch*",
        "struct task_struct", "struct *bpf_iter*", "struct list_*", "union *addr*",
        "enum pid_type", "enum *tcp*", "struct nosuch", "tracepoint:sched:*,software:*",
        "software:fau*,struct list_head,software:cpu*", "usdt:*", "uprobe:*bash:main",
    ],
)  # fmt: skip
def test_names(search: str) -> None:
    assert _ours(search) == _theirs(search)


@pytest.mark.parametrize(
    "search",
    [
        "tracepoint:sched:sched_switch", "tracepoint:syscalls:sys_enter_openat",
        "tracepoint:sock:inet_sock_set_state", "software:*", "struct list_head", "struct path",
        "struct qstr", "enum pid_type", "union nosuch", "struct tcp_sock", "enum *pid_type",
    ],
)  # fmt: skip
def test_arguments_and_definitions(search: str) -> None:
    assert _ours(search, "-v") == _theirs(search, "-v")


def _ours(search: str, *options: str) -> str:
    return _said([str(console_script("aotrace")), "list", search, *options])


def _theirs(search: str, *options: str) -> str:
    return _said([*bpftrace27("-l", search, *options)])


def _said(command: list[str]) -> str:
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True)
    return done.stdout.decode(errors="replace")
