"""What bpftrace cannot serve as the measure of: messages on standard error, cgroups of the target,
ids within a PID namespace, scripts that can do harm."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.places import console_script

pytestmark = [pytest.mark.live, pytest.mark.needs("root", "bpf", "btf", "libbpf")]

_SAYS = """BEGIN { $n = 5; warnf("%d of %s", $n, "two"); errorf("100%%");
    errorf("%x", $n); exit(); }"""


def _run(script: str, *options: str, unsafe: bool = False) -> subprocess.CompletedProcess[str]:
    flags = ["--unsafe"] if unsafe else []
    argv = [str(console_script("aotracec")), "run", "-q", *flags, *options, "-e", script]
    return subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False)


def test_messages_name_the_place_of_the_call() -> None:
    done = _run(_SAYS)
    assert done.stderr == (
        "stdin:1:17-45: WARNING: 5 of two\nstdin:1:47-62: ERROR: 100%\nstdin:2:5-21: ERROR: 5\n"
    )
    assert (done.returncode, done.stdout.strip()) == (0, "")


def test_messages_in_json_are_among_the_others() -> None:
    done = _run(_SAYS, "-f", "json")
    assert done.stdout.splitlines() == [
        '{"type": "warnf", "msg": "5 of two", "filename": "stdin", "line": 1, "col": 17}',
        '{"type": "errorf", "msg": "100%", "filename": "stdin", "line": 1, "col": 47}',
        '{"type": "errorf", "msg": "5", "filename": "stdin", "line": 2, "col": 5}',
    ]


@pytest.mark.parametrize("form", ["text", "json"])
def test_no_warnings_silences_warnf_alone(form: str) -> None:
    done = _run(_SAYS, "--no-warnings", "-f", form)
    assert "5 of two" not in done.stdout + done.stderr
    assert "100%" in done.stdout + done.stderr


def test_an_assertion_that_fails_ends_the_trace() -> None:
    done = _run('BEGIN { $a = 5; assert($a == 6, "not six"); printf("never\\n"); }')
    assert done.returncode == 1
    assert "ERROR: assert failed: not six" in done.stderr
    assert "never" not in done.stdout


def test_tasks_are_named_by_their_ids() -> None:
    script = """tracepoint:sched:sched_switch /pid(init) != 0/ {
        printf("%d %s\\n", comm == comm(tid(init)), comm(-1)); exit(); }"""
    done = _run(script)
    assert done.stdout.strip() == "1 N/A"
    assert done.stderr == "stdin:2:52-60: WARNING: No such process (pid=-1)\n"


def test_a_command_that_fails_shows_nothing() -> None:
    script = """BEGIN { system("echo lost; exit 3"); system("kill -9 $$");
        cat("/no/such/%s", "file"); printf("after\\n"); exit(); }"""
    done = _run(script, unsafe=True)
    assert "ERROR: command exited with code 3" in done.stderr
    assert "ERROR: child process did not exit normally" in done.stderr
    assert "ERROR: failed to open file '/no/such/file' (No such file or directory)" in done.stderr
    assert done.stdout.strip() == "after"


def test_what_can_do_harm_must_be_allowed_twice(tmp_path: Path) -> None:
    target = tmp_path / "harm.bpf.o"
    build = [str(console_script("aotracec")), "build", "-o", str(target)]
    script = ["-e", 'BEGIN { system("echo done"); exit(); }']
    refused = subprocess.run([*build, *script], capture_output=True, text=True, check=False)
    assert (refused.returncode, target.exists()) == (1, False)
    assert "system() is unsafe: it can do harm" in refused.stderr
    subprocess.run([*build, "--unsafe", *script], check=True)
    loader = [str(console_script("aotrace")), "run", str(target)]
    held = subprocess.run(loader, capture_output=True, text=True, check=False)
    assert held.returncode == 1
    assert "can do harm: it calls system()" in held.stderr
    allowed = subprocess.run([*loader, "--unsafe"], capture_output=True, text=True, check=True)
    assert "done" in allowed.stdout


def _unified() -> str | None:
    for line in Path("/proc/mounts").read_text().splitlines():
        _, point, kind, *_ = line.split(" ")
        if kind == "cgroup2":
            return point
    return None


def test_cgroups_are_those_of_the_target() -> None:
    root = _unified()
    if root is None:
        done = _run('BEGIN { print(cgroupid("/")); exit(); }')
        assert "there is no cgroup at /" in done.stderr
        return
    done = _run(f'BEGIN {{ print(cgroupid("{root}")); exit(); }}')
    assert done.stdout.split() == [str(os.stat(root).st_ino)]
    missing = _run(f'BEGIN {{ print(cgroupid("{root}/no-such-cgroup")); exit(); }}')
    assert missing.returncode == 1
    assert f"there is no cgroup at {root}/no-such-cgroup" in missing.stderr


def test_ids_and_stacks_count_as_the_loaders_namespace_does() -> None:
    script = """tracepoint:syscalls:sys_enter_clock_nanosleep / pid == cpid / {
        printf("%d%s", pid(init) > pid, ustack(1)); exit(); }"""
    run = [str(console_script("aotracec")), "run", "-q", "-c", "sleep 0.2", "-e", script]
    unshare = shutil.which("unshare")
    assert unshare
    argv = [unshare, "--pid", "--fork", "--mount-proc", *run]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False)
    more, function = done.stdout.split()
    assert (more, function.partition("+")[0]) == ("1", "clock_nanosleep"), done.stderr


def test_a_process_is_the_one_that_the_loaders_namespace_calls_so() -> None:
    script = 'tracepoint:sched:sched_process_fork { printf("%d", pid == $1); exit(); }'
    tracer = shlex.join([str(console_script("aotracec")), "run", "-q", "-e", script])
    shell = f"while sleep 0.05; do :; done & {tracer} -p $! $!; kill $!"
    argv = ["unshare", "--pid", "--fork", "--mount-proc", "sh", "-c", shell]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout.split() == ["1"], done.stderr
