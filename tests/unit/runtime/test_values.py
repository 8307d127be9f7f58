"""Kinds of value: bytes in, text and JSON out, and the order that maps are printed in."""

from __future__ import annotations

import struct
from typing import Any

import pytest
from aotrace.runtime.values import KINDS, Kind, from_spec
from aotrace.runtime.values.aggregates import (
    AvgKind,
    CountKind,
    MaxKind,
    MinKind,
    StatsKind,
    SumKind,
)
from aotrace.runtime.values.base import json_number, quotient
from aotrace.runtime.values.composite import ArrayKind, RecordKind, TupleKind
from aotrace.runtime.values.hist import HistKind, LhistKind
from aotrace.runtime.values.ints import BoolKind, EnumKind, IntKind, PointerKind
from aotrace.runtime.values.net import InetKind, MacKind
from aotrace.runtime.values.strings import StrKind
from aotrace.runtime.values.time import TimestampKind
from hypothesis import given
from hypothesis import strategies as st

INTS = st.builds(IntKind, st.sampled_from([1, 2, 4, 8]), st.booleans())
SIMPLE: st.SearchStrategy[Kind] = st.one_of(
    INTS,
    st.builds(BoolKind),
    st.builds(PointerKind),
    st.builds(StrKind, st.integers(1, 64), st.booleans()),
    st.builds(InetKind),
    st.builds(MacKind),
    st.builds(EnumKind, st.sampled_from([1, 2, 4, 8]), st.booleans(), st.just({"1": "ONE"})),
)
PLAIN: st.SearchStrategy[Kind] = st.recursive(
    SIMPLE,
    lambda inner: st.one_of(
        st.builds(ArrayKind, inner, st.integers(0, 4)),
        st.builds(TupleKind, st.lists(inner, max_size=4)),
        st.lists(inner, max_size=3).map(lambda items: RecordKind(list("abc"[: len(items)]), items)),
    ),
    max_leaves=6,
)
AGGREGATES: st.SearchStrategy[Kind] = st.one_of(
    st.builds(CountKind),
    st.builds(SumKind, st.booleans()),
    st.builds(MinKind, st.booleans()),
    st.builds(MaxKind, st.booleans()),
    st.builds(AvgKind, st.booleans()),
    st.builds(StatsKind, st.booleans()),
    st.builds(HistKind, st.integers(0, 5)),
    st.builds(LhistKind, st.just(0), st.integers(0, 500), st.integers(1, 50)),
    st.builds(TimestampKind, st.just("%H"), st.sampled_from(["boot", "tai"])),
)


@given(st.one_of(PLAIN, AGGREGATES))
def test_a_spec_gives_the_same_kind_back(kind: Kind) -> None:
    again = from_spec(kind.spec())
    assert again == kind
    assert (again.size, again.align, again.code) == (kind.size, kind.align, kind.code)
    assert again.type_name() == kind.type_name()


@given(PLAIN, st.data())
def test_many_records_decode_as_one_by_one(kind: Kind, data: st.DataObject) -> None:
    count, lead, rest = data.draw(st.tuples(*[st.integers(0, 4)] * 3))
    stride = max(lead + kind.size + rest, 1)
    raw = data.draw(st.binary(min_size=count * stride, max_size=count * stride))
    expected = [kind.decode(raw, lead + i * stride) for i in range(count)]
    assert kind.decode_many(raw, count, stride, lead) == expected
    for value in expected:
        assert isinstance(kind.text(value), str)
        assert isinstance(kind.key_text(value), str)
        assert isinstance(kind.json_key(value), str)


@given(PLAIN, st.data())
def test_columns_are_as_their_values(kind: Kind, data: st.DataObject) -> None:
    count = data.draw(st.integers(0, 5))
    raw = data.draw(st.binary(min_size=count * kind.size, max_size=count * kind.size))
    values = kind.decode_many(raw, count, kind.size)
    assert kind.text_many(values) == [kind.text(value) for value in values]
    assert kind.key_texts(values) == [kind.key_text(value) for value in values]
    order, orders = list(map(kind.order, values)), kind.order_many(values)
    places = range(count)
    assert sorted(places, key=orders.__getitem__) == sorted(places, key=order.__getitem__)


@given(
    st.one_of(
        st.builds(CountKind),
        *(st.builds(kind, st.booleans()) for kind in (SumKind, MinKind, AvgKind, StatsKind)),
    ),
    st.data(),
)
def test_keys_are_merged_as_one_by_one(kind: Kind, data: st.DataObject) -> None:
    keys, cpus = data.draw(st.tuples(st.integers(0, 4), st.integers(1, 3)))
    cells = st.binary(min_size=kind.size * keys, max_size=kind.size * keys)
    columns = [kind.decode_many(data.draw(cells), keys, kind.size) for _ in range(cpus)]
    assert kind.merge_many(columns) == [kind.merge(list(cell)) for cell in zip(*columns)]


def test_every_kind_has_its_own_tag() -> None:
    assert len({kind.tag for kind in KINDS}) == len(KINDS)


@pytest.mark.parametrize(
    ("kind", "raw", "text", "json"),
    [
        (IntKind(1, True), b"\xff", "-1", -1),
        (IntKind(8, False), b"\xff" * 8, "18446744073709551615", "18446744073709551615"),
        (IntKind(8, True), struct.pack("<q", 1 << 53), "9007199254740992", 9007199254740992),
        (
            IntKind(8, True),
            struct.pack("<q", (1 << 53) + 1),
            "9007199254740993",
            "9007199254740993",
        ),
        (BoolKind(), b"\1", "true", True),
        (BoolKind(), b"\0", "false", False),
        (PointerKind(), struct.pack("<Q", 4096), "0x1000", 4096),
        (EnumKind(4, False, {"2": "TWO"}), struct.pack("<I", 2), "TWO", 2),
        (EnumKind(4, True, {}), struct.pack("<i", -1), "4294967295", 4294967295),
        (StrKind(4), b"ab\0c", "ab", "ab"),
        (StrKind(4), b"abcd", "abcd..", "abcd.."),
        (StrKind(4, whole=True), b"abcd", "abcd", "abcd"),
        (MacKind(), bytes(range(6)), "00:01:02:03:04:05", "00:01:02:03:04:05"),
        (ArrayKind(IntKind(1, False), 4), b"\1\2\3\4", "[1,2,3,4]", [1, 2, 3, 4]),
        (
            TupleKind([IntKind(1, True), StrKind(4)]),
            b"\1ab\0\0",
            "(1, ab)",
            [1, "ab"],
        ),
        (
            RecordKind(["a", "b"], [InetKind(), IntKind(8, True)]),
            struct.pack("<Q16sq", 2, b"\1", 2),
            "{ .a = 1.0.0.0, .b = 2 }",
            {"a": "1.0.0.0", "b": 2},
        ),
        (RecordKind([], []), b"", "{}", {}),
    ],
)
def test_text_and_json(kind: Kind, raw: bytes, text: str, json: Any) -> None:
    value = kind.decode(raw, 0)
    assert kind.text(value) == text
    assert kind.json(value) == json


@pytest.mark.parametrize(
    ("family", "address", "text"),
    [
        (2, b"\x7f\0\0\1", "127.0.0.1"),
        (2, b"", "0.0.0.0"),
        (10, b"\1", "100::"),
        (10, b"\1\2\3\4", "102:304::"),
        (10, bytes(15) + b"\1", "::1"),
        (10, b"", "::"),
        (2, bytes(range(16)), "0.1.2.3"),
        (99, b"\1", ""),
        ((1 << 32) + 2, b"\1", "1.0.0.0"),
    ],
)
def test_inet(family: int, address: bytes, text: str) -> None:
    raw = struct.pack("<Q16s", family, address)
    assert InetKind().decode(raw, 0) == text


def test_keys_of_several_parts() -> None:
    kind = TupleKind([InetKind(), IntKind(8, True), StrKind(16)])
    value = ("::1", 1, "a b")
    assert kind.key_text(value) == "::1, 1, a b"
    assert kind.json_key(value) == "::1,1,a b"
    nested = TupleKind([TupleKind([IntKind(1, True)] * 2), IntKind(1, True)])
    assert nested.key_text(((1, 2), 3)) == "(1, 2), 3"
    assert nested.json_key(((1, 2), 3)) == "(1,2),3"
    record = RecordKind(["a", "b"], [IntKind(1, True)] * 2)
    assert record.key_text((1, 2)) == "{ .a = 1, .b = 2 }"
    assert record.json_key((1, 2)) == "{.a=1,.b=2}"


def test_keys_are_compared_as_signed() -> None:
    kind = IntKind(8, False)
    assert sorted([5, (1 << 64) - 1, 1], key=kind.order) == [(1 << 64) - 1, 1, 5]


def test_strings_are_compared_byte_by_byte() -> None:
    kind = StrKind(8)
    values = [
        kind.decode(raw, 0) for raw in (b"b" + bytes(7), b"\xffx" + bytes(6), b"a" + bytes(7))
    ]
    assert [kind.order(v) for v in sorted(values, key=kind.order)] == [b"a", b"b", b"\xffx"]


@pytest.mark.parametrize(
    ("kind", "values", "merged", "text"),
    [
        (CountKind(), [1, 2], 3, "3"),
        (SumKind(True), [(1 << 64) - 5, 2], -3, "-3"),
        (SumKind(False), [(1 << 64) - 5, 2], (1 << 64) - 3, "18446744073709551613"),
        (MinKind(True), [None, -3, 5], -3, "-3"),
        (MaxKind(True), [None, -3, -5], -3, "-3"),
        (MaxKind(True), [None, None], 0, "0"),
        (AvgKind(True), [((1 << 64) - 7, 1), (0, 1)], (2, -3, -7), "-3"),
        (AvgKind(False), [(0, 0)], (0, 0, 0), "0"),
        (
            StatsKind(True),
            [(4, 1), (6, 1)],
            (2, 5, 10),
            "{ .count = 2, .average = 5, .total = 10 }",
        ),
    ],
)
def test_cpus_are_merged(kind: Kind, values: list[Any], merged: Any, text: str) -> None:
    assert kind.merge(values) == merged
    assert kind.text(merged) == text


def test_stats_as_json() -> None:
    assert StatsKind(True).json((2, 5, 10)) == {"count": 2, "average": 5, "total": 10}
    assert AvgKind(True).json((2, 5, 10)) == 5


def test_what_a_divisor_does() -> None:
    assert IntKind(8, True).scaled(-7, 2) == -3
    assert StatsKind(True).scaled((1, 10, 10), 3) == (1, 3, 10)
    assert TupleKind([IntKind(8, True), StrKind(4)]).scaled((5, "a"), 2) == (2, "a")
    assert StrKind(4).scaled("a", 2) == "a"


def test_extremes_are_ranked_as_unsigned() -> None:
    """bpftrace puts negative ones last."""
    assert sorted([5, -3], key=MaxKind(True).rank) == [5, -3]


@given(st.integers(), st.integers(1, 1000))
def test_division_is_toward_zero(value: int, divisor: int) -> None:
    assert quotient(value, divisor) == abs(value) // divisor * (1 if value >= 0 else -1)


@given(st.integers(-(1 << 63), (1 << 64) - 1))
def test_json_numbers_survive_a_double(value: int) -> None:
    number = json_number(value)
    assert int(number) == value
    assert isinstance(number, str) or int(float(number)) == value


SPECS = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-5, 100), st.text(max_size=5)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(["kind", "size", "signed", "bits", "items", "element", "count", "names",
                             "minimum", "maximum", "step", "padded", "whole", "format", "clock"]),
            st.one_of(inner, st.sampled_from([kind.tag for kind in KINDS])),
        ),
    ),
)  # fmt: skip


@given(SPECS)
def test_a_malformed_spec_is_a_value_error(spec: Any) -> None:
    try:
        kind = from_spec(spec)
    except ValueError:
        return
    assert kind.spec()["kind"] == spec["kind"]
