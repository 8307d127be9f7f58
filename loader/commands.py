"""What system() and cat() do: a command's output, a file's beginning."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_SHELL = "/bin/sh"


def output_of(command: bytes, report: Callable[[str], None]) -> bytes | None:
    """All that a command says in a shell; None, reported, where it fails.

    The trace waits for it, as bpftrace's does.
    """
    import subprocess

    argv: list[str | bytes] = [_SHELL, "-c", command]
    try:
        done = subprocess.run(
            argv, stdin=None, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
        )
    except (OSError, ValueError) as error:  # ValueError: a NUL in the command
        report(f"cannot run a command: {error}")
        return None
    if done.returncode < 0:
        report("child process did not exit normally")
    elif done.returncode:
        report(f"command exited with code {done.returncode}")
    return None if done.returncode else done.stdout


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
