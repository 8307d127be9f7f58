"""Counters and watchpoints by their attach points."""

from __future__ import annotations

import re

import pytest
from aotrace.runtime import perf_events


@pytest.mark.parametrize(
    ("parts", "config", "count", "text"),
    [
        (["software", "cs"], 3, 1000, "software:cs"),
        (["software", "context-switches"], 3, 1000, "software:context-switches"),
        (["software", "faults", "10"], 2, 10, "software:faults:10"),
        (["software", "faults", "0"], 2, 100, "software:faults"),
        (["software", "cpu", "1e6"], 0, 1_000_000, "software:cpu:1000000"),
        (["software", "dummy", "*"], 9, 1, "software:dummy"),
        (["hardware", "cycles"], 0, 1_000_000, "hardware:cycles"),
        (["hardware", "branches", "0x10"], 4, 16, "hardware:branches:16"),
    ],
)
def test_counters(parts: list[str], config: int, count: int, text: str) -> None:
    found = perf_events.counted(parts)
    assert found
    assert (found[0].config, found[1], found[2]) == (config, count, text)


@pytest.mark.parametrize("parts", [["software"], ["software", ""], ["hardware", "a", "1", "2"]])
def test_no_form_of_a_counter(parts: list[str]) -> None:
    assert perf_events.counted(parts) is None


def test_an_unknown_counter() -> None:
    with pytest.raises(LookupError, match="cycles is not a software event"):
        perf_events.counted(["software", "cycles"])
    with pytest.raises(ValueError, match="`x` is not a count of events"):
        perf_events.counted(["hardware", "cycles", "x"])


@pytest.mark.parametrize("family", ["software", "hardware"])
def test_names_are_sorted_and_each_means_one_event(family: str) -> None:
    names = perf_events.names(family)
    assert names == sorted(set(names))
    found = {perf_events.counter(family, name) for name in names}
    assert found == {event for event in perf_events.COUNTERS if event.family == family}


def test_watchpoints() -> None:
    assert perf_events.watched(["watchpoint", "0x1000", "8", "wr"], "x86_64") == (4096, 8, "rw")
    assert perf_events.watched(["watchpoint", "4096", "1", "r"], "aarch64") == (4096, 1, "r")
    assert perf_events.watched(["watchpoint", "1", "8"], "x86_64") is None


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("0", "8", "w"), "a watchpoint's address cannot be zero"),
        (("main+arg0", "8", "w"), "`main+arg0` is not an address"),
        (("0x1000", "3", "w"), "a watchpoint's length is 1, 2, 4 or 8, not 3"),
        (("0x1000", "y", "w"), "`y` is not a length"),
        (("0x1000", "8", ""), "a watchpoint's mode is made of r, w and x, not ``"),
        (("0x1000", "8", "q"), "a watchpoint's mode is made of r, w and x, not `q`"),
        (("0x1000", "8", "ww"), "a watchpoint's mode names each of r, w and x once, not `ww`"),
    ],
)
def test_what_is_no_watchpoint(words: tuple[str, ...], message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        perf_events.watched(["watchpoint", *words], "x86_64")


@pytest.mark.parametrize("mode", ["r", "rx", "wx"])
def test_a_mode_that_the_machine_lacks(mode: str) -> None:
    with pytest.raises(LookupError, match=f"x86_64 has no watchpoints of mode {mode}"):
        perf_events.watched(["watchpoint", "0x1000", "8", mode], "x86_64")


def test_an_instruction_is_watched_by_a_long() -> None:
    assert perf_events.breakpoint_length("x", 1) == 8
    assert perf_events.breakpoint_length("rw", 2) == 2
    assert perf_events.breakpoint_type("rw") == 3
    assert perf_events.breakpoint_type("x") == 4
