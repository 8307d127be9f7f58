"""Processes as places to find files in: their root folder, $PATH, executable and mapped files."""

from __future__ import annotations

import os
import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_MAPPED = re.compile(rb"^\S+ ..x. \S+ \S+ [1-9]\d* +(/.*)$", re.MULTILINE)
_DELETED = b" (deleted)"


def root(pid: int) -> str:
    """What stands before a path that a process sees: "" where it sees the same files as we do."""
    if not pid:
        return ""
    try:
        ours, theirs = os.stat("/proc/self/ns/mnt"), os.stat(f"/proc/{pid}/ns/mnt")
        if os.path.samestat(ours, theirs):
            own, other = os.stat("/proc/self/root"), os.stat(f"/proc/{pid}/root")
            return "" if os.path.samestat(own, other) else f"/proc/{pid}/root"
    except OSError:
        return ""
    return f"/proc/{pid}/root"


def search_path(pid: int) -> str | None:
    """$PATH of a process; None where it has none."""
    try:
        with open(f"/proc/{pid}/environ", "rb") as file:
            for variable in file.read().split(b"\0"):
                if variable.startswith(b"PATH="):
                    return os.fsdecode(variable[5:])
    except OSError:
        pass
    return None


def executable(pid: int) -> str:
    """The path of what a process executes, as it sees it; "" where there is no such process."""
    try:
        return os.readlink(f"/proc/{pid}/exe")
    except OSError:
        return ""


def mapped(pid: int) -> list[str]:
    """The files whose code a process has mapped, as it sees them, each once."""
    try:
        with open(f"/proc/{pid}/maps", "rb") as file:
            maps = file.read()
    except OSError:
        return []
    found = (path for path in _MAPPED.findall(maps) if not path.endswith(_DELETED))
    return [os.fsdecode(path) for path in dict.fromkeys(found)]


def running() -> Iterator[int]:
    """The numbers of all processes."""
    return (int(name) for name in os.listdir("/proc") if name.isdecimal())
