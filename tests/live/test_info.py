"""What aotrace says of this machine, beside what the machine does."""

from __future__ import annotations

import json
import os
import subprocess
from typing import Any

import pytest

from tests.support.places import console_script

pytestmark = [pytest.mark.live, pytest.mark.needs("root", "bpf", "btf", "libbpf")]


def _said(*argv: str) -> str:
    return subprocess.run(argv, capture_output=True, text=True, check=True, timeout=60).stdout


@pytest.fixture(scope="module")
def report() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(_said(str(console_script("aotrace")), "info", "--json"))
    return found


def test_the_system(report: dict[str, Any]) -> None:
    assert report["System"]["Arch"] == os.uname().machine
    assert os.uname().release in report["System"]["OS"]
    assert report["Kernel"]["BTF"] is True
    assert report["Software"]["libbpf"][0].isdigit()


def test_what_every_kernel_has(report: dict[str, Any]) -> None:
    """All that is supported is newer than these."""
    assert report["Map types"]["ringbuf"]
    assert report["Helpers"]["ringbuf_reserve"]
    assert report["Program types"]["raw_tracepoint"]
    assert report["Probe types"]["rawtracepoint"]


@pytest.mark.parametrize(
    ("kind", "script"),
    [
        ("kprobe", "kprobe:vfs_read { exit(); }"),
        ("fentry", "fentry:vfs_read { exit(); }"),
        ("tracepoint", "tracepoint:syscalls:sys_enter_read { exit(); }"),
    ],
)
def test_a_probe_type_that_it_has_can_be_attached(
    kind: str, script: str, report: dict[str, Any]
) -> None:
    """And one that it does not have cannot."""
    argv = [str(console_script("aotracec")), "run", "--dry-run", "-e", script]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=60)
    assert (done.returncode == 0) == report["Probe types"][kind], done.stderr


def test_as_text() -> None:
    text = _said(str(console_script("aotracec")), "run", "--info")
    assert text.startswith("System\n  OS: ")
    assert "\nHelpers\n" in text
    assert "rawtracepoint:" in text
