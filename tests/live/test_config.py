"""The config block, the environment and declared maps, on the running kernel."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.support.places import console_script

pytestmark = [pytest.mark.live, pytest.mark.needs("root", "bpf", "btf", "libbpf")]


def run(script: str, **environment: str) -> str:
    argv = [str(console_script("aotracec")), "run", "-q", "--no-warnings", "-e", script]
    env = {**os.environ, **environment}
    done = subprocess.run(argv, capture_output=True, text=True, timeout=60, env=env)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.strip()


def test_max_map_keys_limits_what_a_map_holds() -> None:
    script = "config = { max_map_keys = 2 } begin { @[1] = 1; @[2] = 2; @[3] = 3; exit(); }"
    assert run(script) == "@[1]: 1\n@[2]: 2"


def test_max_strlen_cuts_strings() -> None:
    script = "config = { max_strlen = 4 } begin { $c = comm; print(str($c)); exit(); }"
    assert len(run(script).partition("..")[0]) <= 3


def test_the_environment_goes_before_the_config_block() -> None:
    script = "config = { max_map_keys = 1 } begin { @[1] = 1; @[2] = 2; @[3] = 3; exit(); }"
    assert run(script, BPFTRACE_MAX_MAP_KEYS="2") == "@[1]: 1\n@[2]: 2"
    assert run(script, AOTRACE_MAX_MAP_KEYS="2") == "@[1]: 1\n@[2]: 2"


def test_maps_are_not_printed_when_the_script_says_so() -> None:
    assert run("config = { print_maps_on_exit = false } begin { @ = 1; exit(); }") == ""


def test_an_lru_map_forgets_the_oldest_key() -> None:
    script = "let @a = lruhash(2); begin { for ($i : 0..1000) { @a[$i] = $i; } exit(); }"
    kept = run(script).splitlines()
    assert "@a[999]: 999" in kept
    assert len(kept) <= 2


def test_declared_per_cpu_maps_hold_aggregates() -> None:
    script = "let @c = percpulruhash(8); let @d = percpuhash(8); begin { @c[1] = count(); "
    assert run(script + "@d[1] = sum(5); exit(); }") == "@c[1]: 1\n\n@d[1]: 5".replace("\n\n", "\n")


def build(folder: Path, script: str) -> Path:
    target = folder / "script.bpf.o"
    argv = [str(console_script("aotracec")), "build", "-o", str(target), "-e", script]
    subprocess.run(argv, check=True, capture_output=True)
    return target


def load(target: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    argv = [str(console_script("aotrace")), "run", "-q", str(target)]
    env = {**os.environ, **environment}
    return subprocess.run(argv, capture_output=True, text=True, timeout=60, env=env)


def test_the_loaders_environment_goes_before_what_was_built(tmp_path: Path) -> None:
    target = build(tmp_path, "begin { @ = 1; exit(); }")
    assert load(target).stdout.strip() == "@: 1"
    assert load(target, BPFTRACE_PRINT_MAPS_ON_EXIT="off").stdout.strip() == ""
    assert load(target, AOTRACE_PRINT_MAPS_ON_EXIT="0").stdout.strip() == ""


def test_the_loaders_environment_is_checked(tmp_path: Path) -> None:
    done = load(build(tmp_path, "begin { exit(); }"), AOTRACE_LOG_SIZE="large")
    assert done.returncode == 1
    assert "AOTRACE_LOG_SIZE: expecting a number, got large" in done.stderr


def test_a_small_ring_loses_events_and_a_large_one_does_not(tmp_path: Path) -> None:
    script = 'begin { for ($i : 0..2000) { printf("%d %s\\n", $i, comm); } exit(); }'
    target = build(tmp_path, script)
    small, large = load(target, AOTRACE_PERF_RB_PAGES="1"), load(target, AOTRACE_PERF_RB_PAGES="64")
    assert len(small.stdout.splitlines()) < 2000
    assert "ost" in small.stdout + small.stderr
    assert sum(line[:1].isdigit() for line in large.stdout.splitlines()) == 2000
