"""A service manager is told when tracing has begun, and when it ends."""

from __future__ import annotations

import os
import socket
import subprocess
from pathlib import Path

import pytest

from tests.support.places import console_script

pytestmark = [pytest.mark.live, pytest.mark.needs("root", "bpf", "btf", "libbpf")]


def _run(address: str) -> subprocess.CompletedProcess[str]:
    argv = [str(console_script("aotracec")), "run", "-q", "-e", "begin { exit(); }"]
    environment = {**os.environ, "NOTIFY_SOCKET": address}
    return subprocess.run(argv, env=environment, capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize("abstract", [False, True])
def test_it_is_told(abstract: bool, tmp_path: Path) -> None:
    name = f"aotrace-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.settimeout(10)
        manager.bind(f"\0{name}" if abstract else str(tmp_path / "notify"))
        done = _run(f"@{name}" if abstract else str(tmp_path / "notify"))
        told = [manager.recv(100).decode() for _ in range(2)]
    assert (done.returncode, done.stderr) == (0, "")
    assert told == [
        "READY=1\nSTATUS=Processing events...",
        "STOPPING=1\nSTATUS=Shutting down...",
    ]


def test_nobody_listens(tmp_path: Path) -> None:
    done = _run(str(tmp_path / "nobody"))
    assert done.returncode == 0
    assert "WARNING: Failed to send a notification to systemd" in done.stderr
