"""What ends a running tracer, what it is told to trace and where it writes: the same for both."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from aotrace.compiler.pipeline import Compiler

from tests.differential.pair import Pair
from tests.differential.tracers import argv_of_aotrace, argv_of_bpftrace

pytestmark = [pytest.mark.differential, pytest.mark.needs("root", "bpf", "btf", "bpftrace27")]

_SCRIPT = """begin { @a = 1; printf("begin\\n"); }
end { printf("end\\n"); }
interval:s:1000 { printf("never\\n"); }
"""
_INTERRUPT, _TERMINATE, _HANG_UP = signal.SIGINT, signal.SIGTERM, signal.SIGHUP
# A process that asks for its parent as long as its input is open.
_ASKING = "import os, select\nwhile not select.select([0], [], [], 0.05)[0]: os.getppid()"


@pytest.mark.parametrize("format_", ["text", "json"])
@pytest.mark.parametrize(
    "numbers", [(_INTERRUPT,), (_TERMINATE,), (_HANG_UP,), (signal.SIGUSR1, _INTERRUPT)]
)
def test_signals(
    numbers: tuple[signal.Signals, ...], format_: str, compiler: Compiler, tmp_path: Path
) -> None:
    with Pair(compiler, tmp_path, _SCRIPT, "-f", format_) as pair:
        for number in numbers:
            pair.send(number)
        theirs, ours = pair.ends()
    assert ours == theirs
    assert ("end" in theirs.stdout) == (_HANG_UP not in numbers)


def test_one_process_until_it_ends(compiler: Compiler, tmp_path: Path) -> None:
    asking = subprocess.Popen([sys.executable, "-IS", "-c", _ASKING], stdin=subprocess.PIPE)
    threading.Thread(target=asking.wait).start()  # else it stays, as a zombie
    other = subprocess.Popen([sys.executable, "-IS", "-c", _ASKING], stdin=subprocess.PIPE)
    script = """begin { @calls = 0; printf("begin\\n"); }
tracepoint:syscalls:sys_enter_getppid / @calls < 5 / {
  @calls++; printf("%d\\n", pid); if (@calls == 5) { printf("five\\n"); }
}
end { printf("end\\n"); }
"""
    try:
        with Pair(compiler, tmp_path, script, "-p", str(asking.pid)) as pair:
            for tracer in pair.tracers:
                assert tracer.stdout is not None
                assert [tracer.stdout.readline() for _ in range(6)][-1] == b"five\n"
            asking.communicate()
            theirs, ours = pair.ends()
    finally:
        other.communicate()
    assert ours == theirs
    assert theirs.stdout.startswith("end\n")


def test_output_into_a_file(compiler: Compiler, tmp_path: Path) -> None:
    script, places = 'begin { print("text"); @a = 1; }', (tmp_path / "theirs", tmp_path / "ours")
    theirs, ours = (("-o", str(place)) for place in places)
    done = [
        _run(argv_of_bpftrace(script, tmp_path / "script.bt", theirs)),
        _run(argv_of_aotrace(script, tmp_path / "script.bpf.o", compiler, ours)),
    ]
    assert [(each.stdout, each.returncode) for each in done] == [(b"", 0)] * 2
    assert places[0].read_bytes() == places[1].read_bytes() == b"text\n\n\n@a: 1\n"


@pytest.mark.parametrize(
    "options", [("--dry-run",), ("-q",), ("-q", "-f", "json"), ("-f", "json"), ()]
)
def test_options(options: tuple[str, ...], compiler: Compiler, tmp_path: Path) -> None:
    script = 'begin { print("text"); @a = 1; exit(3); }'
    done = [
        _run(argv_of_bpftrace(script, tmp_path / "script.bt", options)),
        _run(argv_of_aotrace(script, tmp_path / "script.bpf.o", compiler, options)),
    ]
    assert done[0].stdout == done[1].stdout
    assert done[0].returncode == done[1].returncode
    attached = [b"Attached 1 probe\n" in each.stderr for each in done]
    assert attached[0] == attached[1] == (options == ())


def _run(argv: list[str]) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, timeout=60)
