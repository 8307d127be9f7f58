"""aotrace inspect."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from aotrace.loader.cli import main

from tests.unit.loader.test_objectfile import OBJECT


@pytest.fixture
def path(tmp_path: Path) -> str:
    file = tmp_path / "tool.bpf.o"
    file.write_bytes(OBJECT)
    return str(file)


def test_for_people(path: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["inspect", path]) == 0
    shown = capsys.readouterr().out
    for line in (
        "script:     t.bt",
        "  tracepoint:sched:sched_switch  (line 3)",
        "  @a[string[16]]: count_t  (at most 4096 entries, 98304 bytes for each CPU)",
        "  @: uint64  (at most 1 entries, 12 bytes)",
        "  0 printf(uint64, string[16])  (line 4, 32 bytes, format '%d %s\\n')",
        "  target_pid uint64",
        "  bpf_ktime_get_boot_ns",
        "  task_struct: pid",
    ):
        assert line in shown.splitlines()


def test_for_programs(path: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["inspect", "--json", path]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["bytes"] == len(OBJECT)
    assert shown["probes"][0]["target"] == {"category": "sched", "name": "sched_switch"}
    assert shown["maps"][0]["per_cpu"] is True
    assert shown["events"][0]["args"][1] == {"offset": 16, "type": "string[16]"}
    assert shown["kernel"] == {"task_struct": ["pid"]}


def test_of_no_object(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "x"
    path.write_text("hello")
    assert main(["inspect", str(path)]) == 1
    assert capfd.readouterr().err.startswith("ERROR: ")
