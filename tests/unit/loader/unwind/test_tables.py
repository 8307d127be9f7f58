"""What is in the maps for this very process: each of its own addresses finds a rule."""

from __future__ import annotations

import os
from typing import Any

import pytest
from aotrace.loader.errors import LoaderError, StartError
from aotrace.loader.options import RUN_OPTIONS, parse
from aotrace.loader.owned import Owned
from aotrace.loader.symbols import mappings
from aotrace.loader.unwind.tables import Tables, find_rules
from aotrace.runtime import unwind


class _Map:
    """A map before the load."""

    def __init__(self) -> None:
        self.max_entries = 0

    def resize(self, entries: int) -> None:
        self.max_entries = entries


class _Object:
    def __init__(self) -> None:
        names = (unwind.SPACES, unwind.RANGES, unwind.ROWS, unwind.RULES)
        self.maps = {name: _Map() for name in names}

    def map(self, name: str) -> Any:
        return self.maps[name]


def test_the_code_of_a_process_has_rules() -> None:
    tables, bpf = Tables([os.getpid()]), _Object()
    tables.prepare(bpf)  # type: ignore[arg-type]  # as much of an object as it asks for
    assert bpf.maps[unwind.SPACES].max_entries == 1
    code = [mapping for mapping in mappings.read(os.getpid()) or () if mapping.path[:1] == "/"]
    assert len(code) <= bpf.maps[unwind.RANGES].max_entries <= len(code) + 1  # and the vDSO
    assert bpf.maps[unwind.ROWS].max_entries > 10_000
    assert bpf.maps[unwind.RULES].max_entries > 100


def test_a_file_is_read_once() -> None:
    one, two = Tables([os.getpid()]), Tables([os.getpid(), os.getpid()])
    first, second = _Object(), _Object()
    one.prepare(first)  # type: ignore[arg-type]
    two.prepare(second)  # type: ignore[arg-type]
    assert first.maps[unwind.ROWS].max_entries == second.maps[unwind.ROWS].max_entries
    assert 2 * first.maps[unwind.RANGES].max_entries == second.maps[unwind.RANGES].max_entries


def test_a_process_that_is_not_there() -> None:
    with pytest.raises(LoaderError, match="there is no process 4194305"):
        Tables([(1 << 22) + 1])


def test_no_process_at_all() -> None:
    with Owned() as owned, pytest.raises(StartError, match="requires a target process"):
        find_rules(parse(["some.bpf.o"], RUN_OPTIONS), None, None, owned)  # type: ignore[arg-type]


def test_processes_are_named_several_times() -> None:
    words = ["some.bpf.o", "--dwarf-pid", "12", "--dwarf-pid=34"]
    assert parse(words, RUN_OPTIONS).dwarf_pids == [12, 34]
