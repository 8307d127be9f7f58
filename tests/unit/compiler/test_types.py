"""The language's types: how they mix, what they hold, how they are written."""

from __future__ import annotations

import itertools

import pytest
from aotrace.compiler.types import (
    INT64,
    NONE,
    UINT8,
    UINT64,
    Aggregate,
    Array,
    Bool,
    Inet,
    Int,
    Pointer,
    Record,
    Space,
    Str,
    Struct,
    Tuple,
    Type,
    holds,
    literal,
    padded,
    promote,
    storable,
)  # fmt: skip
from aotrace.runtime.values import CountKind
from hypothesis import given
from hypothesis import strategies as st

from tests.support.compiling import fake_sources

INT8, INT16, INT32 = Int(1, True), Int(2, True), Int(4, True)
UINT16, UINT32 = Int(2, False), Int(4, False)

integers = st.builds(Int, st.sampled_from((1, 2, 4, 8)), st.booleans())
scalars = integers | st.just(Bool()) | st.just(Inet()) | st.builds(Str, st.integers(1, 100))
types = st.recursive(scalars, lambda inner: st.builds(Tuple, st.tuples(inner, inner)), max_leaves=4)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0, INT8), (127, INT8), (128, INT16), (32767, INT16), (32768, INT32), (1 << 31, INT64),
        ((1 << 63) - 1, INT64), (1 << 63, UINT64), (-1, INT8), (-128, INT8), (-129, INT16),
        (-(1 << 63), INT64),
    ],
)  # fmt: skip
def test_a_literal_has_the_least_type_that_holds_it(value: int, expected: Int) -> None:
    assert literal(value) == expected
    assert holds(expected, value)


def test_only_literals_that_are_not_negative_take_either_sign() -> None:
    assert literal(5).flexible
    assert not literal(-5).flexible
    assert not literal(1 << 63).flexible


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (INT8, INT32, INT32), (UINT8, UINT32, UINT32), (UINT8, INT8, INT16), (UINT8, INT32, INT32),
        (UINT32, INT8, INT64), (UINT64, INT64, INT64), (UINT64, INT8, INT64),
        (UINT32, literal(5), UINT32), (UINT8, literal(300), UINT16), (INT16, literal(5), INT16),
        (Str(3), Str(9), Str(9)), (Bool(), Bool(), Bool()), (Inet(), Inet(), Inet()),
        (Tuple((INT8, Str(3))), Tuple((INT64, Str(2))), Tuple((INT64, Str(3)))),
        (Record(("a", "b"), (INT8, INT8)), Record(("b", "a"), (INT64, INT8)),
         Record(("a", "b"), (INT8, INT64))),
        (Pointer(INT8), Pointer(INT8, Space.USER), Pointer(INT8, Space.NONE)),
        (Pointer(INT8), Pointer(NONE), None),
        (Pointer(INT8), Pointer(UINT64), Pointer(INT64)),
        (NONE, INT8, INT8), (INT8, NONE, INT8),
    ],
)  # fmt: skip
def test_what_mixes(one: Type, other: Type, expected: Type) -> None:
    assert promote(one, other) == expected


@pytest.mark.parametrize(
    ("one", "other"),
    list(
        itertools.combinations(
            [INT8, Bool(), Str(3), Inet(), Tuple((INT8,)), Record(("a",), (INT8,)),
             Array(UINT8, 4), Array(UINT8, 16), Pointer(INT8), Tuple((INT8, INT8))], 2,
        )
    ),
    ids=str,
)  # fmt: skip
def test_what_does_not_mix(one: Type, other: Type) -> None:
    assert promote(one, other) is None
    assert promote(other, one) is None


@given(integers, integers)
def test_integers_mix_in_either_order_and_lose_only_signs_of_64_bits(one: Int, other: Int) -> None:
    mixed = promote(one, other)
    assert isinstance(mixed, Int)
    assert mixed == promote(other, one)
    assert mixed.width >= max(one.width, other.width)
    for item in (one, other):
        top = (1 << item.bits - item.signed) - 1
        assert holds(mixed, top) or mixed == INT64


@given(types, types)
def test_mixing_is_settled_after_one_step(one: Type, other: Type) -> None:
    """Inference ends because a type that has taken another in does not change by it again."""
    mixed = promote(one, other)
    if mixed is not None:
        assert promote(mixed, other) == mixed
        assert promote(mixed, one) == mixed


@given(integers, st.integers(-(1 << 65), 1 << 65))
def test_holds(kind: Int, value: int) -> None:
    raw = value & ((1 << kind.bits) - 1)
    back = raw - (1 << kind.bits) if kind.signed and raw >> kind.bits - 1 else raw
    assert holds(kind, value) == (back == value)


def test_what_can_be_kept() -> None:
    struct = Struct("sock", False, fake_sources().btf, 1)
    kept = (INT8, Str(1), Inet(), Tuple(()), Array(UINT8, 4), Pointer(struct), struct)
    assert all(map(storable, (*kept, Tuple(kept), Array(struct, 2))))
    assert not any(map(storable, (NONE, Array(UINT8, 0), Record(("a",), (NONE,)))))


@pytest.mark.parametrize(("array", "text", "whole"), [(8, 8, False), (8, 4, True), (4, 8, False)])
def test_a_text_that_may_have_been_cut_is_not_whole(array: int, text: int, whole: bool) -> None:
    """Of two that counts which may fill the place that both get."""
    one, other = Str(array, whole=True), Str(text)
    for first, second in ((one, other), (other, one)):
        mixed = promote(Tuple((first, INT8)), Tuple((second, INT8)))
        assert isinstance(mixed, Tuple)
        assert mixed.items[0].kind == Str(max(array, text), whole=whole).kind
    assert promote(Tuple((one,)), Tuple((one,))).items[0].whole  # type: ignore[union-attr]


def test_kept_strings_are_padded_wherever_they_stand() -> None:
    loose = Str(8, padded=False)
    kept = padded(Tuple((INT8, Record(("a",), (loose,)), loose)))
    assert "padded=False" not in repr(kept)
    assert kept == Tuple((INT8, Record(("a",), (Str(8),)), Str(8)))


@given(types)
def test_padding_changes_no_layout(kind: Type) -> None:
    assert padded(kind).size == kind.size
    assert padded(kind) == kind


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (INT8, "int8"), (UINT64, "uint64"), (Str(5), "string[5]"), (Pointer(NONE), "void *"),
        (Pointer(INT8), "int8 *"), (Array(Array(UINT64, 4), 2), "uint64[2][4]"),
        (Tuple((INT8, Str(2))), "(int8,string[2])"),
        (Record(("a",), (Bool(),)), "record { .a = bool }"),
        (Aggregate("count", CountKind()), "count_t"), (Inet(), "inet"), (NONE, "none"),
    ],
)  # fmt: skip
def test_how_types_are_written(kind: Type, text: str) -> None:
    assert str(kind) == text


def test_none_has_no_values() -> None:
    with pytest.raises(TypeError, match="no value of type none"):
        _ = NONE.kind
