"""aotrace run on this machine's kernel: signals, commands, exit status, output and losses."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.observe import Job, Result, observe
from tests.support.places import console_script

pytestmark = [pytest.mark.live, pytest.mark.needs("root", "bpf", "btf", "libbpf")]

READY = r"Attached|attached_probes"
GETPPID = "import os, sys\nfor _ in range(int(sys.argv[1])): os.getppid()"
TICKS = """interval:ms:50 { @ = count(); printf("x"); } END { printf("bye\\n"); }"""


@pytest.fixture(scope="session")
def build(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Compiles a script given as text, once."""
    folder = tmp_path_factory.mktemp("objects")
    made: dict[str, Path] = {}

    def compiled(text: str) -> Path:
        if text not in made:
            made[text] = folder / f"s{len(made)}.bpf.o"
            command = [console_script("aotracec"), "build", "-e", text, "-o", made[text]]
            subprocess.run(command, check=True)
        return made[text]

    return compiled


def run(path: Path, *options: str, calls: int = 0, interrupt: bool = True) -> Result:
    """One run with an interrupt at its end; `calls` getppid() calls while it lasts."""
    argv = [str(console_script("aotrace")), "run", str(path), *options]
    workload = ["/usr/bin/python3", "-c", GETPPID, str(calls)] if calls else None
    return observe(Job("aotrace", argv, ready=READY, workload=workload, interrupt=interrupt))


def test_an_interrupt_runs_end_and_prints_the_maps(build: Callable[[str], Path]) -> None:
    result = run(build(TICKS))
    assert result.status == 0
    assert result.stderr == "Attached 2 probes\n"
    ticks = result.stdout.count("x")
    assert ticks > 0
    assert result.stdout == f"{'x' * ticks}bye\n\n\n@: {ticks}\n"


def test_a_termination_does_the_same(build: Callable[[str], Path]) -> None:
    argv = [console_script("aotrace"), "run", build(TICKS)]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as tracer:
        assert tracer.stderr is not None
        tracer.stderr.readline()
        tracer.send_signal(signal.SIGTERM)
        stdout, _ = tracer.communicate(timeout=20)
    assert tracer.returncode == 0
    assert stdout.replace(b"x", b"").startswith(b"bye\n\n\n")


def test_nothing_is_lost_between_the_last_event_and_the_end(build: Callable[[str], Path]) -> None:
    """Every call that the map has counted was printed too, and before END's line."""
    script = """
        tracepoint:syscalls:sys_enter_getppid /comm == "python3"/ {
            @ = count(); printf("call\\n");
        }
        END { printf("end\\n"); }
    """
    result = run(build(script), calls=30_000)
    lines = result.stdout.splitlines()
    assert lines[:30_000] == ["call"] * 30_000
    assert lines[30_000:] == ["end", "", "", "@: 30000"]


@pytest.mark.parametrize(("code", "status"), [("3", 3), ("0", 0), ("", 0)])
def test_the_exit_status_is_that_of_exit(
    build: Callable[[str], Path], code: str, status: int
) -> None:
    script = f'interval:ms:10 {{ exit({code}); }} END {{ printf("end\\n"); }}'
    result = run(build(script), interrupt=False)
    assert (result.status, result.stdout) == (status, "end\n\n\n")


def test_nothing_follows_exit_but_end(build: Callable[[str], Path]) -> None:
    script = """
        BEGIN { printf("one\\n"); exit(1); }
        interval:ms:1 { printf("never\\n"); }
        END { printf("end\\n"); exit(4); }
    """
    result = run(build(script), interrupt=False)
    assert (result.status, result.stdout) == (4, "one\nend\n\n\n")


def test_begin_alone_ends_by_itself(build: Callable[[str], Path]) -> None:
    result = run(build('BEGIN { printf("hello\\n"); }'), interrupt=False)
    assert (result.status, result.stdout, result.stderr) == (0, "hello\n\n\n", "Attached 1 probe\n")


def test_a_command_bounds_the_trace(build: Callable[[str], Path]) -> None:
    script = 'tracepoint:syscalls:sys_enter_exit_group /comm == "true"/ { printf("%s\\n", comm); }'
    result = run(build(script), "-c", "true", interrupt=False)
    assert (result.status, result.stdout) == (0, "true\n\n\n")


def test_a_command_is_ended_by_exit(build: Callable[[str], Path]) -> None:
    start = time.monotonic()
    result = run(build("interval:ms:10 { exit(); }"), "-c", "sleep 60", interrupt=False)
    assert result.status == 0
    assert time.monotonic() - start < 30


def test_a_process_bounds_the_trace(build: Callable[[str], Path]) -> None:
    with subprocess.Popen(["sleep", "1"]) as other:
        result = run(build(TICKS), "-p", str(other.pid), interrupt=False)
    assert result.status == 0
    assert "bye" in result.stdout


def test_json(build: Callable[[str], Path]) -> None:
    script = 'BEGIN { printf("a\\"b\\n"); @[1, "x y"] = 2; @h = hist(3); print((1, "a")); exit(); }'
    result = run(build(script), "-f", "json", interrupt=False)
    assert result.stderr == ""
    assert result.stdout.splitlines() == [
        '{"type": "attached_probes", "count": 1, "data": {"probes": 1}}',
        '{"type": "printf", "data": "a\\"b\\n"}',
        '{"type": "value", "data": [1,"a"]}',
        '{"type": "map", "data": {"@": {"1,x y": 2}}}',
        '{"type": "hist", "data": {"@h": [{"min": 2, "max": 3, "count": 1}]}}',
    ]


def test_a_file_quietly(build: Callable[[str], Path], tmp_path: Path) -> None:
    path = tmp_path / "out"
    script = 'BEGIN { printf("hello\\n"); }'
    command = [console_script("aotrace"), "run", build(script), "-q", "-o", path]
    done = subprocess.run(command, capture_output=True, timeout=20)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    assert path.read_text() == "hello\n\n\n"


def test_a_dry_run_attaches_and_leaves(build: Callable[[str], Path]) -> None:
    command = [console_script("aotrace"), "run", build(TICKS), "--dry-run"]
    done = subprocess.run(command, capture_output=True, timeout=20)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


def test_a_reader_that_leaves(build: Callable[[str], Path]) -> None:
    lines = build("""interval:ms:50 { @ = count(); printf("x\\n"); } END { printf("bye\\n"); }""")
    argv = [console_script("aotrace"), "run", lines]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as tracer:
        assert tracer.stdout is not None
        assert tracer.stdout.read(4) == b"x\nx\n"
        tracer.stdout.close()
        tracer.wait(20)
        assert tracer.stderr is not None
        assert tracer.stderr.read() == b"Attached 2 probes\n"
    assert tracer.returncode == 128 + signal.SIGPIPE


def test_where_loads_are_not_ordered(build: Callable[[str], Path]) -> None:
    """The same through libbpf's own reader of the ring buffer."""
    script = """
        tracepoint:syscalls:sys_enter_getppid /comm == "python3"/ {
            @ = count(); printf("%d %s\\n", @ > 0, comm);
        }
        END { printf("end\\n"); exit(7); }
    """
    start = "from aotrace.loader import cli, ring; ring.ORDERED_LOADS = (); exit(cli.main())"
    argv = [sys.executable, "-c", start, "run", str(build(script))]
    workload = ["/usr/bin/python3", "-c", GETPPID, "30000"]
    result = observe(Job("aotrace", argv, ready=READY, workload=workload))
    assert result.status == 7
    assert result.stdout.splitlines() == ["1 python3"] * 30_000 + ["end", "", "", "@: 30000"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_commands_that_take_too_long_do_not_keep_it_from_ending(number: signal.Signals) -> None:
    """One that runs for ever is ended, and those behind it are dropped; what END does is done."""
    script = """interval:ms:1 { system("exec sleep 1000"); @ = count(); @last = nsecs; }
                END { clear(@last); printf("bye\\n"); }"""
    argv = [console_script("aotracec"), "run", "--unsafe", "-e", script]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as tracer:
        assert tracer.stderr is not None
        tracer.stderr.readline()
        time.sleep(0.2)
        tracer.send_signal(number)
        stdout, stderr = tracer.communicate(timeout=10)
    ended, dropped = stderr.decode().splitlines()
    assert (tracer.returncode, ended) == (0, "ERROR: child process did not exit normally")
    count = int(dropped.split()[2])
    assert dropped == f"WARNING: Dropped {count} events that were queued for long after the signal"
    assert stdout.decode() == f"bye\n\n\n@: {count + 1}\n"


def test_a_second_signal_ends_it_at_once() -> None:
    argv = [
        console_script("aotracec"),
        "run",
        "-e",
        'interval:us:100 { printf("%1000d\\n", pid); }',
    ]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as tracer:
        assert tracer.stderr is not None
        tracer.stderr.readline()
        time.sleep(0.5)  # nobody reads what it prints: it waits for that
        tracer.send_signal(signal.SIGTERM)
        time.sleep(0.1)
        tracer.send_signal(signal.SIGTERM)
        assert tracer.wait(5) == -signal.SIGTERM


def test_losses_are_told(build: Callable[[str], Path]) -> None:
    """Stopped, it cannot read; the ring buffer overflows, and it says by how much."""
    script = """
        tracepoint:syscalls:sys_enter_getppid /comm == "python3"/ {
            @ = count(); printf("%s\\n", str("0123456789012345678901234567890123456789"));
        }
    """
    argv = [console_script("aotrace"), "run", build(script)]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as tracer:
        assert tracer.stderr is not None
        tracer.stderr.readline()
        tracer.send_signal(signal.SIGSTOP)
        subprocess.run(["/usr/bin/python3", "-c", GETPPID, "300000"], check=True)
        tracer.send_signal(signal.SIGCONT)
        time.sleep(0.5)
        tracer.send_signal(signal.SIGINT)
        stdout, stderr = tracer.communicate(timeout=30)
    printed, counted = stdout.count(b"0123456789\n"), int(stdout.rsplit(b"@: ")[-1])
    assert counted == 300_000
    assert 0 < printed < counted
    lost = [int(line.split()[1]) for line in stderr.splitlines() if line.startswith(b"Lost ")]
    assert sum(lost) == counted - printed
    assert stderr.endswith(b"WARNING: Total lost event count: %d\n" % (counted - printed))


def test_many_keys(build: Callable[[str], Path]) -> None:
    script = """
        tracepoint:syscalls:sys_enter_getppid /comm == "python3"/ { @n++; @[@n % 4000] = count(); }
    """
    result = run(build(script), calls=12_000)
    lines = [line for line in result.stdout.splitlines() if line.startswith("@[")]
    assert lines == [f"@[{key}]: 3" for key in range(4000)]


def test_an_idle_trace_costs_nothing(build: Callable[[str], Path]) -> None:
    argv = [console_script("aotrace"), "run", build("interval:s:100 { @ = 1; }")]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as tracer:
        assert tracer.stderr is not None
        tracer.stderr.readline()
        time.sleep(0.3)
        before = _processor_seconds(tracer.pid)
        time.sleep(2)
        used = _processor_seconds(tracer.pid) - before
        tracer.send_signal(signal.SIGINT)
        tracer.communicate(timeout=20)
    assert used <= 0.02


def _processor_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")")[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
