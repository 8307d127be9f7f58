"""Perf events on every CPU, or for every thread: what is gone meanwhile, what is refused."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import pytest
from aotrace.loader.attach import counter, interval, perf, profile, watchpoint
from aotrace.loader.attach.mechanism import Scope
from aotrace.loader.libbpf.lib import BpfError
from aotrace.runtime import perf_events


class Link:
    def __init__(self, log: list[Any], place: tuple[int, int]) -> None:
        self._log = log
        self._place = place

    def close(self) -> None:
        self._log.append(("closed", self._place))


class Program:
    """Takes an event everywhere but at the places of `errors`."""

    def __init__(self, **errors: int) -> None:
        self.errors = {int(place[1:]): number for place, number in errors.items()}
        self.log: list[Any] = []
        self.event: dict[str, int] = {}

    def attach_perf_event(self, pid: int, cpu: int, flags: int = 0, **event: int) -> Link:
        place = cpu if pid < 0 else pid
        if place in self.errors:
            raise BpfError("perf_event_open", self.errors[place])
        self.event = {**event, "flags": flags}
        self.log.append((pid, cpu))
        return Link(self.log, (pid, cpu))


@pytest.fixture
def cpus(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "online").write_text("0,2-4\n")
    monkeypatch.setattr(perf, "_ONLINE", str(tmp_path / "online"))


@pytest.mark.usefixtures("cpus")
def test_all_cpus_that_are_online() -> None:
    program = Program()
    links = profile.attach(program, {"period_ns": 5}, Scope())  # type: ignore[arg-type]
    assert program.log == [(-1, 0), (-1, 2), (-1, 3), (-1, 4)]
    assert program.event == {"type": 1, "config": 0, "sample_period": 5, "flags": 0}
    assert links.places == 1
    links.close()
    assert len(program.log) == 8


@pytest.mark.usefixtures("cpus")
def test_a_cpu_that_went_offline_is_left_out() -> None:
    program = Program(p3=errno.ENODEV)
    perf.attach(program, Scope(), type=1)  # type: ignore[arg-type]
    assert program.log == [(-1, 0), (-1, 2), (-1, 4)]


@pytest.mark.usefixtures("cpus")
def test_none_that_is_left_is_an_error() -> None:
    program = Program(p0=errno.ENODEV, p2=errno.ENODEV, p3=errno.ENODEV, p4=errno.ENODEV)
    with pytest.raises(BpfError, match="No such device"):
        perf.attach(program, Scope(), type=1)  # type: ignore[arg-type]


@pytest.mark.usefixtures("cpus")
def test_what_was_attached_is_detached_after_an_error() -> None:
    program = Program(p3=errno.EINVAL)
    with pytest.raises(BpfError, match="Invalid argument"):
        perf.attach(program, Scope(), type=1)  # type: ignore[arg-type]
    assert program.log[2:] == [("closed", (-1, 2)), ("closed", (-1, 0))]


def test_every_thread_of_a_process_and_what_it_starts() -> None:
    program = Program()
    target = {"family": "software", "event": "page-faults", "count": 7}
    counter.attach(program, target, Scope(os.getpid()))  # type: ignore[arg-type]
    assert (os.getpid(), -1) in program.log
    assert program.event == {
        "type": 1, "config": 2, "sample_period": 7, "flags": perf_events.INHERIT
    }  # fmt: skip


@pytest.mark.usefixtures("cpus")
def test_an_interval_is_on_one_cpu_for_all_processes() -> None:
    program = Program()
    interval.attach(program, {"period_ns": 9}, Scope(1))  # type: ignore[arg-type]
    assert program.log == [(-1, 0)]


def test_a_watchpoint() -> None:
    program = Program()
    target = {"address": 4096, "length": 2, "mode": "rw"}
    watchpoint.attach(program, target, Scope(os.getpid()))  # type: ignore[arg-type]
    event = {name: program.event[name] for name in ("type", "bp_type", "bp_addr", "bp_len")}
    assert event == {"type": 5, "bp_type": 3, "bp_addr": 4096, "bp_len": 2}


CYCLES = {"family": "hardware", "event": "cpu-cycles", "count": 1}
FAULTS = {"family": "software", "event": "page-faults", "count": 1}
WATCHED = {"address": 4097, "length": 8, "mode": "w"}
PARANOID = "see /proc/sys/kernel/perf_event_paranoid, and CAP_PERFMON"
NO_COUNTERS = "virtual machines often have no hardware counters; profile:hz:99 may serve instead"


@pytest.mark.parametrize(
    ("mechanism", "target", "number", "reason", "hint"),
    [
        (counter, CYCLES, errno.ENOENT, ("this machine has no counter for the hardware event "
         "cpu-cycles"), NO_COUNTERS),
        (counter, CYCLES, errno.EOPNOTSUPP, ("this machine has no counter for the hardware event "
         "cpu-cycles"), NO_COUNTERS),
        (counter, FAULTS, errno.EACCES, ("not allowed to open perf events: perf_event_open: "
         "Permission denied"), PARANOID),
        (counter, FAULTS, errno.EMFILE, ("too many open files: a perf event is one for each CPU or "
         "thread"), "see ulimit -n"),
        (counter, FAULTS, errno.ENOMEM, ("software event page-faults: perf_event_open: Cannot "
         "allocate memory"), ""),
        (profile, {"period_ns": 3}, errno.EINVAL, ("no timer of 3 ns: perf_event_open: Invalid "
         "argument"), ""),
        (watchpoint, WATCHED, errno.ENOSPC, "no debug register is left", ("x86-64 has four; watch "
         "fewer places at once")),
        (watchpoint, WATCHED, errno.EINVAL, "the kernel cannot watch 8 bytes at 0x1001", ("an "
         "address is a multiple of its length")),
        (watchpoint, WATCHED, errno.ENODEV, "this machine has no debug registers", ("virtual "
         "machines may hide them")),
        (watchpoint, WATCHED, errno.EPERM, ("not allowed to open perf events: perf_event_open: "
         "Operation not permitted"), PARANOID),
    ],
)  # fmt: skip
def test_refusals_in_words(
    mechanism: Any, target: dict[str, Any], number: int, reason: str, hint: str
) -> None:
    assert mechanism.explain(target, BpfError("perf_event_open", number)) == (reason, hint)
