"""What system() and cat() do: a command's output, a file's beginning."""

from __future__ import annotations

import os
import select
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from subprocess import Popen

_SHELL = "/bin/sh"
_PIPE = 1 << 16  # bytes read at once
_GLANCE = 100  # milliseconds between two looks at whether it is late
_PATIENCE = 1.0  # seconds that a command has to end when told to


def output_of(
    command: bytes, report: Callable[[str], None], late: Callable[[], bool]
) -> bytes | None:
    """All that a command says in a shell; None, reported, where it fails.

    The trace waits for it, as bpftrace's does; once it is `late`, the command is ended.
    """
    import subprocess

    argv: list[str | bytes] = [_SHELL, "-c", command]
    try:
        process = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the command
        report(f"cannot run a command: {error}")
        return None
    said = _attend(process, late)
    if process.returncode < 0:
        report("child process did not exit normally")
    elif process.returncode:
        report(f"command exited with code {process.returncode}")
    return None if process.returncode else said


def _attend(process: Popen[bytes], late: Callable[[], bool]) -> bytes:
    """Read what a command says, and see it end. Whatever its own children do, it is not waited for
    them when it is late."""
    parts: list[bytes] = []
    ended = os.pidfd_open(process.pid)
    try:
        with process.stdout as stdout:  # type: ignore[union-attr]  # a pipe
            while _ready(stdout.fileno(), late) and (part := os.read(stdout.fileno(), _PIPE)):
                parts.append(part)
        if not _ready(ended, late):
            process.terminate()
            deadline = time.monotonic() + _PATIENCE
            _ready(ended, lambda: time.monotonic() > deadline)
    finally:
        os.close(ended)
        if process.poll() is None:
            process.kill()
            process.wait()
    return b"".join(parts)


def _ready(fd: int, late: Callable[[], bool]) -> bool:
    """Wait until something is there; False: it got late before."""
    poll = select.poll()
    poll.register(fd, select.POLLIN)
    while not late():
        if poll.poll(_GLANCE):
            return True
    return False


def contents_of(path: bytes, most: int, report: Callable[[str], None]) -> bytes | None:
    """The first bytes of a file; None, reported, where it cannot be read."""
    try:
        with open(path, "rb", buffering=0) as file:
            return _read(file.fileno(), most)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        report(f"failed to open file '{os.fsdecode(path)}' ({reason})")
        return None


def _read(fd: int, most: int) -> bytes:
    """Files of /proc give little at once."""
    parts: list[bytes] = []
    while most > 0:
        part = os.read(fd, most)
        if not part:
            break
        parts.append(part)
        most -= len(part)
    return b"".join(parts)
