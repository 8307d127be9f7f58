"""The config block, the environment and declared maps, on the running kernel."""

from __future__ import annotations

import os
import subprocess

import pytest

from tests.support.places import console_script

pytestmark = [pytest.mark.live, pytest.mark.needs("root", "bpf", "btf", "libbpf")]


def run(script: str, **environment: str) -> str:
    argv = [str(console_script("aotracec")), "run", "-q", "-e", script]
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
