"""Struct layout by natural alignment."""

from __future__ import annotations

from aotrace.runtime.layout import align_up, place
from aotrace.runtime.wire import HEADER_SIZE, RECORD_ALIGN, place_record
from hypothesis import given
from hypothesis import strategies as st

MEMBERS = st.lists(st.tuples(st.integers(0, 40), st.sampled_from([1, 2, 4, 8])), max_size=8)


@given(MEMBERS, st.integers(0, 16))
def test_members_are_aligned_and_do_not_overlap(members: list[tuple[int, int]], start: int) -> None:
    placement = place(members, start)
    end = start
    for offset, (size, align) in zip(placement.offsets, members):
        assert offset % align == 0
        assert offset >= end
        assert offset - end < align
        end = offset + size
    assert placement.size == align_up(end, placement.align)


@given(MEMBERS)
def test_records_begin_with_their_id_and_fill_words(members: list[tuple[int, int]]) -> None:
    placement = place_record(members)
    assert all(offset >= HEADER_SIZE for offset in placement.offsets)
    assert placement.size % RECORD_ALIGN == 0
