"""The system calls of an architecture: numbers, and names and types of the arguments.

BTF names the arguments of few system calls, so the tables beside this module do; they are
written by make_syscalls.py from the kernel's own formats and headers.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple

from .errors import KernelDataError

ARCHITECTURES = ("x86_64", "aarch64")


class SyscallArgument(NamedTuple):
    """ctype is C without the name: 'const char *'; pointers point into user memory."""

    ctype: str
    name: str


class Syscall(NamedTuple):
    """One system call under the name that its tracepoints use (newfstat, not fstat)."""

    name: str
    number: int
    arguments: tuple[SyscallArgument, ...]


@cache
def load_syscalls(arch: str) -> Mapping[str, Syscall]:
    """The table of one architecture, by name; KernelDataError if there is no such table."""
    if arch not in ARCHITECTURES:
        raise KernelDataError(
            f"no system call table for the architecture {arch!r}",
            f"there are tables for {' and '.join(ARCHITECTURES)}",
        )
    table = json.loads(table_path(arch).read_text())
    return {
        name: Syscall(name, number, tuple(SyscallArgument(*each) for each in arguments))
        for name, (number, *arguments) in table.items()
    }


def table_path(arch: str) -> Path:
    """Where the table of one architecture is kept."""
    return Path(__file__).with_name(f"syscalls_{arch}.json")
