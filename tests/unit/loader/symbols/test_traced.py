"""Names for addresses of processes that are gone: those of the run's own probes."""

from __future__ import annotations

from typing import Any

from aotrace.loader.services import Run
from aotrace.loader.symbols.traced import Traced
from aotrace.runtime.metadata import Metadata, Program


def traced(*places: tuple[str, int]) -> Traced:
    programs = [
        Program("p", "uprobe", "uprobe:x", "uprobe", {"path": "/x", "at": at, "function": name}, 1)
        for name, at in places
    ]
    meta = Metadata("", "t.bt", "", "GPL", programs, [], [], [], {}, [], [])
    nothing: Any = None
    return Traced(Run(meta, nothing, None, nothing))


def test_the_lower_bits_tell_functions_apart() -> None:
    found = traced(("one", 0x12345), ("other", 0x22346))
    assert found.name(0x7F00_0000_0345) == "one"
    assert found.name(0x7F00_0000_0346) == "other"


def test_what_is_no_place_of_the_run_has_no_name() -> None:
    assert traced(("one", 0x12345)).name(0x7F00_0000_0344) is None


def test_two_functions_of_the_same_lower_bits_are_not_told_apart() -> None:
    assert traced(("one", 0x1345), ("other", 0x2345)).name(0x7F00_0000_0345) is None
    assert traced(("one", 0x1345), ("one", 0x2345)).name(0x7F00_0000_0345) == "one"
