"""Allocation flags by name."""

from __future__ import annotations

import pytest
from aotrace.runtime.gfp import gfp_text
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        (0, "0"),
        (0xCC0, "GFP_KERNEL"),
        (0xDC0, "GFP_KERNEL|__GFP_ZERO"),
        (0x820, "GFP_ATOMIC"),
        (1 << 40, "0x10000000000"),
        (0xCC0 | 1 << 40, "GFP_KERNEL|0x10000000000"),
        (8, "0x8"),
    ],
)
def test_names(flags: int, expected: str) -> None:
    assert gfp_text(flags) == expected


@given(st.integers(min_value=1, max_value=(1 << 64) - 1))
def test_no_name_is_said_twice(flags: int) -> None:
    names = gfp_text(flags).split("|")
    assert len(names) == len(set(names))
