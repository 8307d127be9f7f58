"""Maps: what is read of them, merged, and in which order it is printed."""

from __future__ import annotations

import struct
from typing import Any

import pytest
from aotrace.loader.maps import ScriptMap
from aotrace.runtime import metadata
from aotrace.runtime.values import Kind
from aotrace.runtime.values.aggregates import AvgKind, CountKind, MinKind
from aotrace.runtime.values.composite import TupleKind
from aotrace.runtime.values.ints import IntKind
from aotrace.runtime.values.strings import StrKind

from tests.unit.loader.fakes import DictMap

S64, S32, TEXT = IntKind(8, True), IntKind(4, True), StrKind(4, True)
CPUS = 3


def make(
    key: Kind | None, value: Kind, entries: dict[bytes, bytes], batching: bool = True
) -> tuple[ScriptMap, DictMap]:
    per_cpu = isinstance(value, (CountKind, AvgKind, MinKind))
    record = metadata.Map("at", "@", key, value, 100, per_cpu)
    handle = DictMap(entries, key.size if key else 4, value.size, batching)
    return ScriptMap(record, handle, CPUS), handle  # type: ignore[arg-type]


def words(*numbers: int) -> bytes:
    return struct.pack(f"<{len(numbers)}q", *numbers)


@pytest.mark.parametrize("batching", [True, False])
def test_values_order_numbers_and_keys_break_ties(batching: bool) -> None:
    entries = {words(k): words(v) for k, v in [(1, 5), (2, -1), (9, 3), (4, 3), (-5, 3)]}
    shown, _ = make(S64, S64, entries, batching)
    assert shown.rows() == [(2, -1), (-5, 3), (4, 3), (9, 3), (1, 5)]


def test_keys_order_what_is_no_number() -> None:
    key = TupleKind([S32, TEXT])
    entries = {struct.pack("<i4s", n, s): s for n, s in [(2, b"a"), (-1, b"b"), (-1, b"a")]}
    entries = {k: v.ljust(4, b"\0") for k, v in entries.items()}
    shown, _ = make(key, TEXT, entries)
    assert shown.rows() == [((-1, "a"), "a"), ((-1, "b"), "b"), ((2, "a"), "a")]


def test_top_keeps_the_last_and_a_divisor_divides() -> None:
    entries = {words(k): words(k * 10) for k in range(5)}
    shown, _ = make(S64, S64, entries)
    assert shown.rows(top=2) == [(3, 30), (4, 40)]
    assert shown.rows(top=2, divisor=7) == [(3, 4), (4, 5)]
    assert len(shown.rows(top=0)) == len(shown.rows(top=99)) == 5


@pytest.mark.parametrize("batching", [True, False])
def test_cpus_are_merged(batching: bool) -> None:
    counted, _ = make(S64, CountKind(), {words(7): words(1, 2, 3)}, batching)
    assert counted.rows() == [(7, 6)]
    averaged, _ = make(S64, AvgKind(True), {words(7): words(10, 1, 0, 0, -4, 2)}, batching)
    assert averaged.rows() == [(7, (3, 2, 6))]
    least, _ = make(S64, MinKind(True), {words(7): words(10, 1, -9, 0, -4, 1)}, batching)
    assert least.rows() == [(7, -4)]


def test_a_scalar_map() -> None:
    shown, handle = make(None, S64, {bytes(4): words(5)})
    assert shown.rows() == [(None, 5)]
    shown.clear()
    assert handle.entries == {}
    assert shown.rows() == []
    assert shown.zero_row() == (None, 0)
    averaged, _ = make(None, AvgKind(True), {})
    assert averaged.zero_row() == (None, (0, 0, 0))


@pytest.mark.parametrize("batching", [True, False])
def test_clear_and_zero(batching: bool) -> None:
    entries: dict[bytes, Any] = {words(k): words(k, k, k) for k in range(1, 4)}
    shown, handle = make(S64, CountKind(), entries, batching)
    shown.zero()
    assert shown.rows() == [(1, 0), (2, 0), (3, 0)]
    shown.clear()
    assert handle.entries == {}


def test_many_keys_come_in_many_batches() -> None:
    entries = {words(k): words(-k) for k in range(30_000)}
    shown, _ = make(S64, S64, entries)
    assert shown.rows() == [(k, -k) for k in reversed(range(30_000))]


def test_an_array_has_an_entry_once_something_was_put_into_it() -> None:
    handle = DictMap({bytes(4): words(0, 0, 0)}, 4, 8)
    record = metadata.Map("at", "@", None, CountKind(), 1, True, fixed=True)
    shown = ScriptMap(record, handle, CPUS)  # type: ignore[arg-type]
    assert shown.rows() == []
    shown.zero()
    assert shown.rows() == []  # there was nothing to set to zero
    handle.update(bytes(4), words(2, 0, 1))
    assert shown.rows() == [(None, 3)]
    shown.zero()
    assert shown.rows() == [(None, 0)]
    shown.clear()
    assert shown.rows() == []
