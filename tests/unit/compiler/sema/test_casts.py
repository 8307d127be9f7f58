"""Which casts there are."""

from __future__ import annotations

import pytest
from aotrace.compiler.sema.casts import cast_type
from aotrace.compiler.types import (
    INT64,
    UINT8,
    UINT16,
    UINT32,
    UINT64,
    Array,
    Bool,
    Inet,
    Int,
    Pointer,
    Space,
    Str,
    Tuple,
    Type,
)  # fmt: skip

INT8 = Int(1, True)


@pytest.mark.parametrize(
    ("target", "source"),
    [
        (INT8, UINT64), (UINT64, INT8), (UINT8, Bool()), (UINT64, Pointer(INT8)), (Bool(), INT64),
        (Bool(), Pointer(INT8)), (Pointer(INT8), UINT64), (Pointer(INT8), Pointer(UINT64)),
        (UINT32, Array(UINT8, 4)), (UINT64, Array(UINT16, 4)), (Str(9), Str(3)),
        (Bool(), Str(3)),
        (Array(UINT8, 8), UINT64), (Array(UINT8, 8), UINT32), (Array(UINT16, 2), UINT32),
        (Array(UINT8, 4), Str(4)), (Array(UINT64, 2), Str(16)), (Array(Bool(), 1), Bool()),
    ],
    ids=str,
)  # fmt: skip
def test_casts(target: Type, source: Type) -> None:
    assert cast_type(target, source) == target


@pytest.mark.parametrize(
    ("target", "source"),
    [
        (INT8, Str(3)), (INT8, Inet()), (INT8, Tuple((INT8,))), (UINT64, Array(UINT8, 4)),
        (Pointer(INT8), Str(9)), (Str(3), Str(9)), (Str(3), INT8),
        (Array(UINT8, 16), UINT64), (Array(UINT8, 4), UINT64), (Array(UINT8, 3), Str(4)),
        (Array(UINT8, 0), Inet()), (Inet(), INT8), (Tuple((INT8,)), INT8),
        (Array(Inet(), 1), UINT64),
    ],
    ids=str,
)  # fmt: skip
def test_no_casts(target: Type, source: Type) -> None:
    assert cast_type(target, source) is None


@pytest.mark.parametrize(
    ("element", "source", "count"),
    [(UINT8, UINT32, 4), (UINT16, UINT64, 4), (UINT8, INT8, 1), (UINT64, Str(16), 2)],
)
def test_an_array_without_length_is_as_long_as_its_source(
    element: Type, source: Type, count: int
) -> None:
    assert cast_type(Array(element, 0), source) == Array(element, count)


def test_a_pointer_keeps_its_memory() -> None:
    cast = cast_type(Pointer(INT8), Pointer(UINT64, Space.USER))
    assert isinstance(cast, Pointer)
    assert cast.space is Space.USER
