"""Programs of an entry and of a return: which are a pair, and the one that is made of both."""

from __future__ import annotations

import errno
import os
import struct
from typing import Any

import pytest
from aotrace.loader import pairs
from aotrace.loader.attach.mechanism import Scope
from aotrace.loader.console import Console
from aotrace.loader.libbpf import kfuncs, syscall
from aotrace.loader.libbpf.lib import BpfError
from aotrace.loader.probes import MissingProbes, Probes
from aotrace.runtime.metadata import Metadata, Program

_KFUNC, _SESSION, _PROLOGUE = 4711, 56, 6


def insn(opcode: int, registers: int = 0, offset: int = 0, immediate: int = 0) -> bytes:
    return struct.pack("<BBhi", opcode, registers, offset, immediate)


EXIT = insn(0x95)


def number(value: int) -> bytes:
    """r0 = value"""
    return insn(0xB7, 0, 0, value)


def call(by: int) -> bytes:
    return insn(0x85, 0x10, 0, by)


def test_the_two_stand_behind_the_question_and_before_their_functions() -> None:
    """Calls reach the same functions; those among functions stay as they are."""
    entry = call(2) + number(1) + EXIT + (call(1) + EXIT) + (number(11) + EXIT)
    back = number(2) + call(1) + EXIT + (number(22) + EXIT)
    code = pairs.joined(_KFUNC, entry, back)
    asking, rest = code[: _PROLOGUE * 8], code[_PROLOGUE * 8 :]
    assert asking[8:16] == insn(0x85, 0x20, 0, _KFUNC)
    assert asking[-8:] == insn(0x06, 0, 0, 3)  # over the three of the entry
    assert rest == b"".join((
        call(2 + 3), number(1), EXIT, number(2), call(1 + 4), EXIT,
        call(1), EXIT, number(11), EXIT, number(22), EXIT,
    ))  # fmt: skip


def test_programs_without_functions() -> None:
    code = pairs.joined(_KFUNC, number(1) + EXIT, number(2) + EXIT)
    assert code[_PROLOGUE * 8 :] == number(1) + EXIT + number(2) + EXIT


def test_the_address_of_a_function_moves_too() -> None:
    taken = insn(0x18, 0x41, 0, 2) + insn(0) + EXIT
    code = pairs.joined(_KFUNC, taken + number(1) + EXIT, number(2) + EXIT)
    assert code[_PROLOGUE * 8 :].startswith(insn(0x18, 0x41, 0, 2 + 2))


@pytest.mark.parametrize(
    ("entry", "back", "described"),
    [
        ([11, 12], [21, 22, 23], [(0, 11), (8, 12), (9, 22), (10, 23)]),
        ([], [], []),
        # where the kernel has forgotten all of one program's
        ([11, 12], [], [(0, 11), (8, 12), (9, 12), (10, 12)]),
        ([], [21, 22, 23], [(0, 21), (8, 23), (9, 22), (10, 23)]),
    ],
)
def test_each_function_has_a_type(
    entry: list[int], back: list[int], described: list[tuple[int, int]]
) -> None:
    """An entry that calls one function, a return that calls two."""
    assert pairs.described([(2, entry), (3, back)], [0, 8, 9, 10]) == described


# --- which are a pair


def program(name: str, probe: str, group: int | None = None, **more: Any) -> Program:
    kind, function = probe.split(":")[0], probe.split(":")[-1]
    place = {"function": function, "offset": 0, "return": kind == "kretprobe"}
    return Program(name, "", probe, "kprobe", {**place, "session": True, **more}, 1, group=group)


@pytest.fixture(autouse=True)
def kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(syscall, "has_kprobe_session", lambda lib: True)
    monkeypatch.setattr(kfuncs, "find", lambda lib, name: _KFUNC)


def pairs_of(*programs: Program) -> list[tuple[str, str]]:
    meta = Metadata("", "t.bt", "", "GPL", list(programs), [], [], [], {}, [], [])
    found = pairs.find(meta, None, MissingProbes(meta, Console()), object())  # type: ignore[arg-type]
    return [(pair.entry.name, pair.back.name) for pair in found]


def test_a_pair_is_of_one_function() -> None:
    one = program("r", "kretprobe:f"), program("k", "kprobe:f"), program("o", "kretprobe:g")
    assert pairs_of(*one) == [("k", "r")]


@pytest.mark.parametrize(
    "changed",
    [
        program("r", "kretprobe:f", session=False),
        program("r", "kretprobe:f", group=0),
        program("r", "kretprobe:vmlinux:f"),
        program("r", "kprobe:f"),
    ],
)
def test_what_is_no_pair(changed: Program) -> None:
    assert pairs_of(program("k", "kprobe:f"), changed) == []


def test_an_offset_is_no_entry() -> None:
    assert pairs_of(program("k", "kprobe:f", offset=4), program("r", "kretprobe:f")) == []


def test_each_return_is_in_one_pair() -> None:
    """The first entry has it; an entry with several to choose from has none."""
    entries = program("k1", "kprobe:f"), program("k2", "kprobe:f")
    assert pairs_of(*entries, program("r", "kretprobe:f")) == [("k1", "r")]
    assert pairs_of(*entries, program("r1", "kretprobe:f"), program("r2", "kretprobe:f")) == []


def test_a_kernel_without_sessions(monkeypatch: pytest.MonkeyPatch) -> None:
    both = program("k", "kprobe:f"), program("r", "kretprobe:f")
    monkeypatch.setattr(kfuncs, "find", lambda lib, name: 0)
    assert pairs_of(*both) == []
    monkeypatch.setattr(syscall, "has_kprobe_session", lambda lib: False)
    assert pairs_of(*both) == []


# --- attaching them


class Handle:
    """A loaded program; what becomes of it is noted."""

    fd = 5

    def __init__(self, name: str, done: list[str]) -> None:
        self.name = name
        self.done = done
        self.code = number(len(name)) + EXIT

    def unload(self) -> None:
        self.done.append(f"unload {self.name}")

    def attach_kprobe(self, function: str, offset: int, at_return: bool) -> syscall.FdLink:
        self.done.append(f"{self.name} alone")
        return syscall.FdLink(os.open("/", os.O_RDONLY))


class Kernel:
    """Takes a program of both unless `refused`, and links unless `unattachable`."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.done: list[str] = []
        self.programs = {name: Handle(name, self.done) for name in ("k", "r")}
        self.refused = self.unattachable = False
        patch.setattr(syscall, "load_program", self._load)
        patch.setattr(syscall, "attach_kprobe_multi", self._attach)

    def _load(self, lib: Any, code: bytes, how: syscall.Loading) -> int:
        assert (how.kind, how.attach_type, how.name) == (syscall.KPROBE, _SESSION, "k")
        if self.refused:
            raise BpfError("bpf", errno.EACCES)
        self.done.append("load")
        return os.open("/", os.O_RDONLY)

    def _attach(
        self, lib: Any, fd: int, names: list[str], cookies: list[int], returns: bool, kind: int
    ) -> syscall.FdLink:
        assert (names, returns, kind) == (["f"], False, _SESSION)
        if self.unattachable:
            raise BpfError("bpf", errno.EINVAL)
        self.done.append("session")
        return syscall.FdLink(os.open("/", os.O_RDONLY))


def attached(kernel: Kernel) -> int:
    both = [program("k", "kprobe:f"), program("r", "kretprobe:f")]
    meta = Metadata("", "t.bt", "", "GPL", both, [], [], [], {"max_probes": 1}, [], [])
    missing = MissingProbes(meta, Console())
    probes = Probes(meta, missing, Scope(0, object()))  # type: ignore[arg-type]
    probes.check_number()  # it is one
    probes.attach(kernel)  # type: ignore[arg-type]
    total = probes.total
    probes.close()
    return total


def test_a_session_stays_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    kernel = Kernel(monkeypatch)
    assert attached(kernel) == 1
    assert kernel.done == ["load", "session", "unload k", "unload r"]


@pytest.mark.parametrize("obstacle", ["refused", "unattachable"])
def test_a_pair_that_cannot_be_joined_is_two(
    obstacle: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    kernel = Kernel(monkeypatch)
    setattr(kernel, obstacle, True)
    assert attached(kernel) == 2
    assert kernel.done[-2:] == ["r alone", "k alone"]
