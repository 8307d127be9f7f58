"""What attach points stand for on a machine, and the numbers of it."""

from __future__ import annotations

from typing import Any

import pytest
from aotrace.loader import kernel_functions
from aotrace.loader.attach.mechanism import Scope
from aotrace.loader.console import Console
from aotrace.loader.errors import LoaderError
from aotrace.loader.libbpf import syscall
from aotrace.loader.members import Members
from aotrace.loader.probes import MissingProbes
from aotrace.runtime.members import cookie_setting
from aotrace.runtime.metadata import Metadata, Program, Setting
from aotrace.runtime.values import IntKind

EVENTS = [("vmlinux", "sched_switch"), ("vmlinux", "sched_waking"), ("mod", "sched_mod")]


@pytest.fixture(autouse=True)
def machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernel_functions, "raw_tracepoints", lambda: EVENTS)
    monkeypatch.setattr(syscall, "gives_cookies", lambda lib, kind: kind == syscall.RAW_TRACEPOINT)


def wild(name: str, *parts: str) -> Program:
    point: list[list[str | int]] = [[part] for part in parts]
    probe = ":".join(parts)
    return Program(name, "raw_tp", probe, "raw_tracepoint", {}, 1, point)


def plain(name: str, event: str) -> Program:
    target = {"name": event}
    return Program(name, "raw_tp", f"rawtracepoint:{event}", "raw_tracepoint", target, 1)


def members_of(
    *programs: Program, config: dict[str, Any] | None = None
) -> tuple[Members, MissingProbes]:
    settings = [Setting(cookie_setting(p.name), 0, IntKind(8, False)) for p in programs]
    meta = Metadata("", "t.bt", "", "GPL", list(programs), [], [], settings, config or {}, [], [])
    missing = MissingProbes(meta, Console())
    return Members(meta, None, missing, Scope()), missing  # type: ignore[arg-type]


def shown(members: Members, name: str) -> list[tuple[int, str]]:
    return [(member.number, member.text) for member in members.of[name]]


def test_the_numbers_of_members() -> None:
    """The first has the program's own, the others follow behind the last program's."""
    programs = (
        wild("a", "rawtracepoint", "sched_*"), plain("b", "sched_switch"),
        wild("c", "rawtracepoint", "m*", "*"), wild("d", "rawtracepoint", "vmlinux", "*"),
    )  # fmt: skip
    members, _ = members_of(*programs)
    members.find()
    assert shown(members, "a") == [
        (0, "rawtracepoint:mod:sched_mod"),
        (4, "rawtracepoint:vmlinux:sched_switch"),
        (5, "rawtracepoint:vmlinux:sched_waking"),
    ]
    assert shown(members, "c") == [(2, "rawtracepoint:mod:sched_mod")]
    assert [number for number, _ in shown(members, "d")] == [3, 6]
    assert "b" not in members.of
    # one member is told by the program itself
    assert members.settings() == {"cookie:a": 1, "cookie:b": 0, "cookie:c": 0, "cookie:d": 1}


def test_a_filter_keeps_the_first_number() -> None:
    members, missing = members_of(
        wild("a", "rawtracepoint", "sched_*"), plain("b", "sched_switch"), plain("c", "other")
    )
    members.find()
    members.keep("switch|waking$")
    assert shown(members, "a") == [
        (0, "rawtracepoint:vmlinux:sched_switch"), (4, "rawtracepoint:vmlinux:sched_waking"),
    ]  # fmt: skip
    assert missing.names == {"c"}
    with pytest.raises(LoaderError, match=r"Invalid --probe-filter regex '\('"):
        members.keep("(")


def test_nothing_matches() -> None:
    members, _ = members_of(wild("a", "rawtracepoint", "no*"))
    with pytest.raises(LoaderError, match=r"rawtracepoint:no\* \(t.bt:1\): nothing here matches"):
        members.find()
    members, missing = members_of(
        wild("a", "rawtracepoint", "no*"), config={"missing_probes": "ignore"}
    )
    members.find()
    assert missing.names == {"a"}


def test_what_takes_no_wildcard() -> None:
    point: list[list[str | int]] = [["interval"], ["ms"], ["*"]]
    program = Program("a", "perf_event", "interval:ms:*", "interval", {}, 1, point)
    members, _ = members_of(program)
    with pytest.raises(LoaderError, match="it takes no wildcards"):
        members.find()


def test_members_that_the_compiler_made(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that are not there are left out; one must be there."""
    there = {"trace_a"}
    traced = {("vmlinux", name) for name in there}
    monkeypatch.setattr(kernel_functions, "traced", lambda module: traced)

    def made(name: str, function: str) -> Program:
        target = {"function": function}
        wildcard = "fentry:trace_*"
        return Program(name, "fentry", f"fentry:{function}", "trace", target, 1, None, wildcard)

    members, missing = members_of(made("a", "trace_a"), made("b", "trace_b"))
    members.find()
    assert missing.names == {"b"}
    members, _ = members_of(made("b", "trace_b"), made("c", "trace_c"))
    with pytest.raises(LoaderError, match=r"fentry:trace_\* \(t.bt:1\): nothing here matches"):
        members.find()


@pytest.mark.parametrize(("group", "told"), [(7, False), (None, True)])
def test_a_wildcard_without_a_match_is_told_unless_its_probe_is_elsewhere(
    group: int | None, told: bool
) -> None:
    nowhere, there = wild("a", "rawtracepoint", "no_*"), plain("b", "sched_switch")
    nowhere.group = there.group = group
    members, missing = members_of(nowhere, there)
    if told:
        with pytest.raises(LoaderError, match="nothing here matches"):
            members.find()
    else:
        members.find()
        assert missing.names == {"a"}


def test_a_probe_is_told_whose_wildcards_all_match_nothing() -> None:
    programs = (wild("a", "rawtracepoint", "no_*"), wild("b", "rawtracepoint", "nor_*"))
    for program in programs:
        program.group = 0
    members, _ = members_of(*programs)
    with pytest.raises(LoaderError, match="nothing here matches"):
        members.find()
