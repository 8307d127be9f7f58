"""Iterators: pinned ones, what cannot be had, JSON, many elements."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.places import console_script

pytestmark = [pytest.mark.live, pytest.mark.needs("root", "bpf", "btf", "libbpf")]

_LIST = """printf("%-7d|%s|%x|%5u\\n", ctx.task.pid, ctx.task.comm,
    255 + ctx.task.exit_signal * 0, ctx.task.tgid);"""


def run(folder: Path, script: str, *options: str) -> subprocess.CompletedProcess[str]:
    target = folder / "iter.bpf.o"
    build = [console_script("aotracec"), "build", "-e", script, "-o", target, "--no-warnings"]
    subprocess.run([str(word) for word in build], check=True)
    argv = [str(console_script("aotrace")), "run", str(target), *options]
    return subprocess.run(argv, capture_output=True, text=True)


@pytest.fixture
def pin() -> Iterator[Path]:
    path = Path(f"/sys/fs/bpf/aotrace_test_{os.getpid()}")
    yield path
    path.unlink(missing_ok=True)


@pytest.mark.parametrize("absolute", [False, True])
def test_a_pinned_iterator_is_a_file_of_lines(absolute: bool, pin: Path, tmp_path: Path) -> None:
    done = run(tmp_path, f"iter:task:{pin if absolute else pin.name} {{ {_LIST} }}")
    assert (done.returncode, done.stdout) == (0, f"Program pinned to {pin}\n\n\n")
    assert done.stderr == "Attached 1 probe\n"
    rows = [line.split("|") for line in pin.read_text().splitlines()]
    own = [row for row in rows if row[0] == str(os.getpid()).ljust(7)]
    assert all(len(row) == 4 for row in rows)
    assert own in ([], [[str(os.getpid()).ljust(7), own[0][1], "ff", f"{os.getpid():5}"]])
    assert len(rows) > 3


def test_functions_that_may_warn_go_without_where_it_is_pinned(pin: Path, tmp_path: Path) -> None:
    """Whether the kernel has the function that comm(PID) calls, or not."""
    show = 'printf("%s|%s|%d\\n", ctx.task.comm, comm(ctx.task.pid), cpid);'
    assert run(tmp_path, f"iter:task:{pin} {{ {show} }}").returncode == 0
    rows = {tuple(line.split("|")[1:]) for line in pin.read_text().splitlines()}
    assert rows & {("kthreadd", "0"), ("[unknown]", "0")}


def test_a_pin_is_not_overwritten(pin: Path, tmp_path: Path) -> None:
    script = f'iter:task:{pin.name} {{ printf("x"); }}'
    assert run(tmp_path, script).returncode == 0
    again = run(tmp_path, script)
    assert again.returncode != 0
    assert f"cannot pin to {pin}: there is such a file already\nHINT: remove it: rm {pin}\n" in (
        again.stderr
    )


def test_a_pin_lies_on_a_bpf_file_system(tmp_path: Path) -> None:
    done = run(tmp_path, f'iter:task:{tmp_path}/pin {{ printf("x"); }}')
    assert f"cannot pin to {tmp_path}/pin: bpf_link__pin: " in done.stderr
    assert "HINT: a pin lies on a BPF file system: mount -t bpf bpf /sys/fs/bpf\n" in done.stderr


@pytest.mark.parametrize("name", ["bpf_map_elem", "sockmap", "bpf_sk_storage_map"])
def test_iterators_over_one_map(name: str, tmp_path: Path) -> None:
    done = run(tmp_path, f"iter:{name} {{ }}")
    message = f"iterator {name} walks over the elements of one map, which a script cannot name"
    assert done.returncode != 0
    assert f"cannot attach iter:{name} (-e:1): {message}\n" in done.stderr


def test_json_is_that_of_any_probe(tmp_path: Path) -> None:
    script = 'iter:task / ctx.task.pid == pid / { printf("%d\\n", 7); print((1, "x")); }'
    lines = [json.loads(line) for line in run(tmp_path, script, "-f", "json").stdout.splitlines()]
    assert [line["type"] for line in lines] == ["attached_probes", "printf", "value"]
    assert [line["data"] for line in lines[1:]] == ["7\n", [1, "x"]]


def test_nothing_is_lost_of_many_elements(tmp_path: Path) -> None:
    """Some ten megabytes of records, more than the ring buffer holds; each element counts once."""
    script = 'iter:ksym { @ += 1; printf("%s\\n", "x"); print((@, "and some text to fill it")); }'
    done = run(tmp_path, script)
    assert (done.returncode, done.stderr) == (0, "Attached 1 probe\n")
    values = [line for line in done.stdout.splitlines() if line.startswith("(")]
    assert len(values) > 10_000
    assert [int(value[1:].partition(",")[0]) for value in values] == list(range(1, len(values) + 1))
    assert done.stdout.endswith(f"@: {len(values)}\n")
