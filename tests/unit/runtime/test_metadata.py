"""The metadata section is read back as written; of damage comes a MetadataError, nothing else."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from aotrace.runtime import metadata
from aotrace.runtime.metadata import (
    Event,
    Map,
    Metadata,
    MetadataError,
    NewerError,
    Program,
    Setting,
)
from aotrace.runtime.values.aggregates import CountKind
from aotrace.runtime.values.ints import IntKind
from aotrace.runtime.values.strings import StrKind
from hypothesis import given
from hypothesis import strategies as st

COMM = StrKind(16, True)
U64 = IntKind(8, False)


def sample() -> Metadata:
    target = {"category": "sched", "name": "sched_switch"}
    return Metadata(
        producer="aotracec", script="t.bt", arch="x86_64", license="GPL",
        programs=[Program("p0", "tracepoint/sched/sched_switch", "tracepoint:sched:sched_switch",
                          "tracepoint", target, 3)],
        maps=[Map("at_a", "@a", COMM, CountKind(), 4096, True),
              Map("at", "@", None, U64, 1, False)],
        events=[Event("printf", 32, [(8, U64), (16, COMM)], {"format": "%d %s\n"}, 4)],
        settings=[Setting("target_pid", 0, U64)],
        config={"print_maps_on_exit": True},
        helpers=["bpf_ktime_get_boot_ns"], core=[("task_struct", "pid")],
    )  # fmt: skip


def test_it_comes_back() -> None:
    section = sample().dump()
    assert metadata.load(section).dump() == section


def test_equal_metadata_has_equal_bytes() -> None:
    assert sample().dump() == sample().dump()


def changed(**fields: Any) -> bytes:
    record = json.loads(sample().dump())
    record.update(fields)
    return json.dumps(record).encode()


def test_unknown_fields_are_ignored() -> None:
    assert metadata.load(changed(future=[1, 2])).script == "t.bt"


def test_a_newer_minor_version_is_read() -> None:
    assert metadata.load(changed(version=[1, 99])).script == "t.bt"


def test_a_newer_major_version_is_refused_as_such() -> None:
    with pytest.raises(NewerError, match="newer aotrace"):
        metadata.load(changed(version=[metadata.MAJOR + 1, 0]))


EVENT = {"action": "printf", "size": 16, "args": [[8, {"kind": "int", "size": 8, "signed": True}]],
         "details": {}, "line": 1}  # fmt: skip


@pytest.mark.parametrize(
    "event",
    [
        {**EVENT, "size": 12},
        {**EVENT, "size": 8},
        {**EVENT, "size": -8},
        {**EVENT, "args": [[0, {"kind": "int", "size": 8, "signed": True}]]},
        {**EVENT, "args": [[8, {"kind": "int", "size": 9, "signed": True}]]},
        {**EVENT, "args": [[8, {"kind": "nothing"}]]},
        {**EVENT, "args": [["8", {"kind": "bool"}]]},
        {**EVENT, "action": None},
        {**EVENT, "line": -1},
        "printf",
    ],
)
def test_a_record_that_cannot_be_is_damage(event: Any) -> None:
    with pytest.raises(MetadataError, match="damaged"):
        metadata.load(changed(events=[event]))


def only_metadata_errors(section: bytes) -> None:
    with contextlib.suppress(MetadataError):
        metadata.load(section)


@given(st.binary(max_size=200))
def test_random_bytes(section: bytes) -> None:
    only_metadata_errors(section)


@given(st.data())
def test_mutated_bytes(data: st.DataObject) -> None:
    section = bytearray(sample().dump())
    for _ in range(data.draw(st.integers(1, 5))):
        at = data.draw(st.integers(0, len(section) - 1))
        section[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
    only_metadata_errors(bytes(section))


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=4), st.floats()),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(st.data())
def test_any_value_in_any_place(data: st.DataObject) -> None:
    """Replace one value, however deep, by another."""
    record = json.loads(sample().dump())
    place: Any = record
    while True:
        keys = list(place) if isinstance(place, dict) else list(range(len(place)))
        if not keys:
            break
        key = data.draw(st.sampled_from(keys))
        inner = place[key]
        if not isinstance(inner, (dict, list)) or not inner or data.draw(st.booleans()):
            place[key] = data.draw(JSON)
            break
        place = inner
    only_metadata_errors(json.dumps(record).encode())


def test_deep_nesting() -> None:
    only_metadata_errors(b"[" * 100_000)
    deep: Any = {"kind": "bool"}
    for _ in range(900):
        deep = {"kind": "array", "element": deep, "count": 1}
    only_metadata_errors(changed(settings=[{"name": "x", "offset": 0, "kind": deep}]))
