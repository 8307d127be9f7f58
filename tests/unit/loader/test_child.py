"""The processes of -c and -p."""

from __future__ import annotations

import os
import select
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from aotrace.loader import child
from aotrace.loader.errors import LoaderError


class Library:
    """libc without the death signal, which threads of a test runner would upset."""

    class libc:
        prctl = staticmethod(lambda *args: 0)
        signal = staticmethod(lambda *args: 0)


LIB: Any = Library()


def ended(process: child.Process, seconds: float) -> bool:
    return bool(select.select([process.pidfd], [], [], seconds)[0])


def test_a_command_waits_for_its_start(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    process = child.spawn(f"sh -c 'echo \"a b\" > {mark}'", LIB)
    assert not ended(process, 0.2)
    assert not mark.exists()
    process.start()
    assert ended(process, 10)
    assert mark.read_text() == "a b\n"
    process.close()


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("printf it's", ["it's"]),
        ("printf a\\nb", ["a\nb"]),
        ("printf %s 'a \"b\" c'", ['a "b" c']),
    ],
)
def test_quotes_hold_words_together_and_nothing_else_is_special(
    command: str, words: list[str], capfd: pytest.CaptureFixture[str]
) -> None:
    process = child.spawn(command, LIB)
    process.start()
    assert ended(process, 10)
    process.close()
    assert capfd.readouterr().out == "".join(words)


def test_a_command_is_ended_with_the_trace() -> None:
    process = child.spawn("sleep 100", LIB)
    process.start()
    process.close()
    with pytest.raises(ProcessLookupError):
        os.kill(process.pid, 0)


def test_a_command_that_was_never_started_is_not_run(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    child.spawn(f"touch {mark}", LIB).close()
    assert not mark.exists()


@pytest.mark.parametrize("command", ["", "no-such-command x", "/etc/passwd", "'unbalanced"])
def test_what_is_no_command(command: str) -> None:
    with pytest.raises(LoaderError, match="cannot run"):
        child.spawn(command, LIB)


def test_a_file_that_cannot_be_executed(tmp_path: Path) -> None:
    script = tmp_path / "script"
    script.write_bytes(b"\x7fELF nonsense")
    script.chmod(0o755)
    process = child.spawn(str(script), LIB)
    with pytest.raises(LoaderError, match="Exec format error"):
        process.start()
    process.close()


def test_watching_a_process() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other:
        process = child.watch(other.pid)
        process.start()
        assert not ended(process, 0)
        other.communicate(b"\n")
        assert ended(process, 10)
        process.close()


def test_no_such_process() -> None:
    with pytest.raises(LoaderError, match="no process 2147483646"):
        child.watch(2147483646)
