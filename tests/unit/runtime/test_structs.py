"""Structs as C lays them out: where their items are found, bits among them, and what is refused."""

from __future__ import annotations

import pytest
from aotrace.runtime.values import (
    ArrayKind,
    IntKind,
    OpaqueKind,
    RecordKind,
    StrKind,
    StructKind,
    from_spec,
)
from hypothesis import given
from hypothesis import strategies as st

U8, U32, S32, U64 = IntKind(1, False), IntKind(4, False), IntKind(4, True), IntKind(8, False)
WHOLE = [0, 0]


def struct(*members: tuple[object, ...], size: int) -> StructKind:
    names, items, offsets, bits = (list(column) for column in zip(*members))
    return StructKind(names, items, offsets, bits, size, 8)


@given(st.integers(0, 31), st.integers(1, 32), st.integers(0, 2**64 - 1))
def test_bits_are_cut_from_where_they_begin(first: int, count: int, word: int) -> None:
    kind = struct(("a", U64, 0, [first, count]), ("b", S32, 0, [first, count]), size=8)
    plain = word >> first & (2**count - 1)
    signed = plain - 2**count if plain >> (count - 1) else plain
    assert kind.decode(word.to_bytes(8, "little"), 0) == (plain, signed)


def test_items_may_lie_over_each_other_and_off_their_alignment() -> None:
    kind = struct(
        ("u", U32, 1, WHOLE), ("b", ArrayKind(U8, 4), 1, WHOLE), ("c", StrKind(3), 5, WHOLE),
        size=8,
    )  # fmt: skip
    raw = b"\xff\x01\x02\x03\x04ab\0"
    assert kind.decode(raw, 0) == (0x04030201, [1, 2, 3, 4], "ab")
    assert kind.text(kind.decode(raw, 0)) == "{ .u = 67305985, .b = [1,2,3,4], .c = ab }"
    assert kind.decode_many(raw + b"\0" * 8, 2, 8) == [
        (0x04030201, [1, 2, 3, 4], "ab"), (0, [0, 0, 0, 0], ""),
    ]  # fmt: skip


def test_what_cannot_be_shown_is_null() -> None:
    kind = struct(("f", OpaqueKind(4, 1), 0, WHOLE), ("n", U32, 4, WHOLE), size=8)
    value = kind.decode(b"\0\0\x80\x3f\x05\0\0\0", 0)
    assert kind.text(value) == "{ .f = null, .n = 5 }"
    assert kind.json(value) == {"f": None, "n": 5}
    assert kind.order(value) == [0, 5]


def test_it_survives_its_spec() -> None:
    inner = RecordKind(["x"], [S32])
    kind = struct(("in", inner, 0, WHOLE), ("bits", U8, 4, [3, 2]), size=8)
    again = from_spec(kind.spec())
    assert again == kind
    assert again.decode(b"\x07\0\0\0\x18\0\0\0", 0) == ((7,), 3)
    assert again.json_key(((7,), 3)) == "{.in={.x=7},.bits=3}"


@pytest.mark.parametrize(
    "change",
    [{"offsets": [0]}, {"bits": [[0, 0]]}, {"offsets": [0, -1]}, {"bits": [[0], [0, 0]]},
     {"size": -1}, {"bits": ["a", [0, 0]]}],
)  # fmt: skip
def test_damaged_specs_are_refused(change: dict[str, object]) -> None:
    spec = struct(("a", U8, 0, WHOLE), ("b", U8, 1, WHOLE), size=2).spec()
    with pytest.raises(ValueError, match=r"struct|items"):
        from_spec({**spec, **change})
