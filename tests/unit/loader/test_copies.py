"""Copies of programs, by instructions laid out by hand."""

from __future__ import annotations

import struct
from typing import Any

import pytest
from aotrace.loader import copies
from aotrace.loader.libbpf import syscall
from aotrace.runtime.members import MARK

_EXIT = struct.pack("<BBhi", 0x95, 0, 0, 0)


def wide(low: int, high: int, source: int = 0) -> bytes:
    """A 64-bit immediate into r1."""
    return struct.pack("<BBhiBBhi", 0x18, 1 | source << 4, 0, low, 0, 0, 0, high)


def call(immediate: int, pseudo: int) -> bytes:
    return struct.pack("<BBhi", 0x85, pseudo << 4, 0, immediate)


class Program:
    fd = 7

    def __init__(self, code: bytes) -> None:
        self.code = code


@pytest.fixture
def loaded(monkeypatch: pytest.MonkeyPatch) -> list[tuple[bytes, syscall.Loading]]:
    """What was loaded; the program's BTF knows two functions, of types 11 and 12."""
    seen: list[tuple[bytes, syscall.Loading]] = []

    def load(lib: Any, code: bytes, how: syscall.Loading) -> int:
        seen.append((code, how))
        return 100 + len(seen)

    monkeypatch.setattr(syscall, "load_program", load)
    monkeypatch.setattr(syscall, "program_btf", lambda lib, fd: (0, [11, 12]))
    return seen


def test_the_marker_is_changed(loaded: list[tuple[bytes, syscall.Loading]]) -> None:
    code = wide(3, MARK) + wide(3, 0) + wide(3, MARK, source=1) + _EXIT
    copier = copies.Copier(
        None,
        Program(code),
    )  # type: ignore[arg-type]
    assert copier.load(9, syscall.Loading(syscall.KPROBE)) == 101
    assert copier.load(10, syscall.Loading(syscall.KPROBE)) == 102
    rest = wide(3, 0) + wide(3, MARK, source=1) + _EXIT
    assert [code for code, _ in loaded] == [wide(9, MARK) + rest, wide(10, MARK) + rest]
    assert list(loaded[0][1].functions) == []  # one function: nothing calls it back


def test_functions_are_described(loaded: list[tuple[bytes, syscall.Loading]]) -> None:
    """By targets of calls and of addresses taken; helpers and kernel functions are none."""
    code = call(3, 1) + call(6, 0) + call(9, 2) + _EXIT + wide(0, 0) + _EXIT
    copier = copies.Copier(None, Program(code))  # type: ignore[arg-type]
    copier.load(1, syscall.Loading(syscall.KPROBE))
    assert list(loaded[0][1].functions) == [(0, 11), (4, 12)]


def test_functions_that_the_kernel_forgot(loaded: list[tuple[bytes, syscall.Loading]]) -> None:
    code = call(3, 1) + wide(3, 0, source=4) + _EXIT + _EXIT + _EXIT
    copier = copies.Copier(None, Program(code))  # type: ignore[arg-type]
    copier.load(1, syscall.Loading(syscall.KPROBE))
    assert list(loaded[0][1].functions) == [(0, 11), (4, 12), (5, 12)]
