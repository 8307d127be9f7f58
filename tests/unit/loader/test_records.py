"""Runs of records print as their values do one by one: RecordFormat against printf.convert."""

from __future__ import annotations

import struct
from typing import Any

import pytest
from aotrace.loader.records import Memo, RecordFormat
from aotrace.runtime.metadata import Event
from aotrace.runtime.printf import Conversion, conversions, convert, encode, parse
from aotrace.runtime.values import Kind
from aotrace.runtime.values.composite import TupleKind
from aotrace.runtime.values.ints import BoolKind, EnumKind, IntKind, PointerKind
from aotrace.runtime.values.net import InetKind, MacKind
from aotrace.runtime.values.strings import StrKind
from aotrace.runtime.wire import place_record
from hypothesis import given
from hypothesis import strategies as st

KINDS: tuple[Kind, ...] = (
    *(IntKind(size, signed) for size in (1, 2, 4, 8) for signed in (True, False)),
    BoolKind(),
    PointerKind(),
    EnumKind(4, True, {"1": "ONE"}),
    StrKind(16, True),
    StrKind(5),
    InetKind(),
    MacKind(),
    TupleKind([IntKind(1, True), StrKind(3)]),
)
INTEGER_CONVERSIONS = st.builds(
    "%{}{}{}{}".format,
    st.sampled_from(["", "-", "+", "0", "#", " ", "-0", "+0", "-+", "#0"]),
    st.sampled_from(["", "1", "5", "12"]),
    st.sampled_from(["", "hh", "h", "l", "ll"]),
    st.sampled_from(["d", "i", "u", "x", "X", "o", "c", "p", "gr"]),
)
STRING_CONVERSIONS = st.builds(
    "%{}{}s".format, st.sampled_from(["", "-", "+", "0", "-0"]), st.sampled_from(["", "3", "20"])
)
LITERALS = st.sampled_from(["", " ", "%%", "|é\n", "\0"])


@st.composite
def formats(draw: st.DrawFn) -> tuple[str, list[Kind]]:
    """A format and kinds that fit it."""
    form, kinds = draw(LITERALS), []
    for _ in range(draw(st.integers(0, 4))):
        kind = draw(st.sampled_from(KINDS))
        choice = st.one_of(INTEGER_CONVERSIONS, STRING_CONVERSIONS)
        form += draw(choice if kind.integral else STRING_CONVERSIONS) + draw(LITERALS)
        kinds.append(kind)
    return form, kinds


def make_event(form: str, kinds: list[Kind]) -> Event:
    placement = place_record((kind.size, kind.align) for kind in kinds)
    args = list(zip(placement.offsets, kinds))
    return Event("printf", placement.size, args, {"format": form}, 1)


def one_by_one(event: Event, record: bytes) -> bytes:
    values: list[Any] = [(kind, kind.decode(record, offset)) for offset, kind in event.args]
    pieces = parse(event.details["format"])
    return b"".join(
        convert(piece, *values.pop(0)) if isinstance(piece, Conversion) else encode(piece)
        for piece in pieces
    )


@given(formats(), st.sampled_from([0, 8]), st.integers(1, 30), st.data())
def test_runs_print_as_single_values_do(
    made: tuple[str, list[Kind]], lead: int, count: int, data: st.DataObject
) -> None:
    event = make_event(*made)
    assert len(conversions(parse(made[0]))) == len(made[1])
    draw = st.binary(min_size=event.size, max_size=event.size)
    choices = data.draw(st.lists(draw, min_size=1, max_size=3))
    records = [choices[i % len(choices)] for i in range(count)]
    raw = memoryview(b"skip" + b"".join(bytes(lead) + record for record in records))
    layout = RecordFormat(event, lead)
    expected = [one_by_one(event, record) for record in records]
    assert layout.texts(raw, 4, count) == expected
    assert layout.text(raw, 4, count) == b"".join(expected)


@pytest.mark.parametrize("count", [1, 3, 4, 15, 16, 63, 64, 255, 256, 257, 1023, 1100])
def test_runs_of_any_length(count: int) -> None:
    event = make_event("%d %s\n", [IntKind(4, False), StrKind(16, True)])
    records = b"".join(struct.pack("<8xQI16s4x", 0, n, b"bash") for n in range(count))
    printed = RecordFormat(event, 8).text(memoryview(records), 0, count)
    assert printed == b"".join(b"%d bash\n" % n for n in range(count))


def test_a_memo_does_not_grow_for_ever() -> None:
    shown = []
    memo = Memo(lambda raw: shown.append(raw) or raw.upper())  # type: ignore[func-returns-value]
    assert memo[b"a"] == memo[b"a"] == b"A"
    assert shown == [b"a"]
    for number in range(20_000):
        assert memo[b"%d" % number] == b"%d" % number
    assert len(memo) < 10_000
