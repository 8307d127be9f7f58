"""Text and JSON as bpftrace 0.27 printed them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from aotrace.loader.output.json import JsonOutput, dumps, quote
from aotrace.loader.output.text import TextOutput
from aotrace.runtime import metadata
from aotrace.runtime.values import Kind
from aotrace.runtime.values.aggregates import AvgKind, CountKind, StatsKind
from aotrace.runtime.values.composite import RecordKind, TupleKind
from aotrace.runtime.values.hist import HistKind
from aotrace.runtime.values.ints import BoolKind, IntKind, PointerKind
from aotrace.runtime.values.net import InetKind
from aotrace.runtime.values.strings import StrKind
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.loader.fakes import Kept

S64, TEXT = IntKind(8, True), StrKind(16)
PAIR = TupleKind([S64, TEXT])
BAR = "@" * 52
FIRST, SECOND = '{"min": 2, "max": 3, "count": 1}', '{"min": 4, "max": 7, "count": 1}'


def printed(key: Kind | None, value: Kind, rows: list[Any]) -> tuple[str, str]:
    """A map as text and as JSON."""
    record = metadata.Map("at_x", "@x", key, value, 10, False)
    text, lines = Kept(), Kept()
    TextOutput(text, lambda line: None).map(record, rows)
    JsonOutput(lines).map(record, rows)
    return text.data.decode(), lines.data.decode()


@pytest.mark.parametrize(
    ("key", "value", "rows", "text", "line"),
    [
        (None, S64, [(None, 1)], "@x: 1\n", '{"type": "map", "data": {"@x": 1}}\n'),
        (None, S64, [], "", ""),
        (S64, S64, [], "", ""),
        (
            PAIR,
            S64,
            [((1, "x"), 2), ((2, "a b"), 1)],
            "@x[1, x]: 2\n@x[2, a b]: 1\n",
            '{"type": "map", "data": {"@x": {"1,x": 2, "2,a b": 1}}}\n',
        ),
        (
            TupleKind([InetKind(), S64]),
            S64,
            [(("::1", 1), 5)],
            "@x[::1, 1]: 5\n",
            '{"type": "map", "data": {"@x": {"::1,1": 5}}}\n',
        ),
        (TEXT, S64, [("(x)", 1)], "@x[(x)]: 1\n", '{"type": "map", "data": {"@x": {"(x)": 1}}}\n'),
        (None, AvgKind(True), [(None, (1, -7, -7))], "@x: -7\n",
         '{"type": "stats", "data": {"@x": -7}}\n'),
        (
            S64,
            StatsKind(True),
            [(1, (1, 5, 5))],
            "@x[1]: { .count = 1, .average = 5, .total = 5 }\n",
            '{"type": "stats", "data": {"@x": {"1": {"count": 1, "average": 5, "total": 5}}}}\n',
        ),
        (S64, StatsKind(True), [], "", '{"type": "stats", "data": {"@x": {}}}\n'),
        (
            None,
            HistKind(0),
            [(None, (3, [1, 1]))],
            f"@x:\n[2, 4)                 1 |{BAR}|\n[4, 8)                 1 |{BAR}|\n\n",
            f'{{"type": "hist", "data": {{"@x": [{FIRST},{SECOND}]}}}}\n',
        ),
        (
            S64,
            HistKind(0),
            [(1, (3, [1]))],
            f"@x[1]:\n[2, 4)                 1 |{BAR}|\n\n",
            '{"type": "hist", "data": {"@x": {"1": [{"min": 2, "max": 3, "count": 1}]}}}\n',
        ),
        (S64, BoolKind(), [(1, False)], "@x[1]: false\n",
         '{"type": "map", "data": {"@x": {"1": false}}}\n'),
        (S64, PointerKind(), [(1, 9)], "@x[1]: 0x9\n",
         '{"type": "map", "data": {"@x": {"1": 9}}}\n'),
        (None, S64, [(None, 9007199254740993)], "@x: 9007199254740993\n",
         '{"type": "map", "data": {"@x": "9007199254740993"}}\n'),
        (None, TupleKind([S64, PAIR]), [(None, (1, (2, "x")))], "@x: (1, (2, x))\n",
         '{"type": "map", "data": {"@x": [1,[2,"x"]]}}\n'),
        (None, RecordKind(["a"], [S64]), [(None, (1,))], "@x: { .a = 1 }\n",
         '{"type": "map", "data": {"@x": {"a": 1}}}\n'),
        (None, CountKind(), [(None, 3)], "@x: 3\n", '{"type": "map", "data": {"@x": 3}}\n'),
    ],
)  # fmt: skip
def test_maps(key: Kind | None, value: Kind, rows: list[Any], text: str, line: str) -> None:
    assert printed(key, value, rows) == (text, line)


def test_messages_as_text() -> None:
    sink, said = Kept(), list[str]()
    output = TextOutput(sink, said.append)
    output.attached(1)
    output.attached(2)
    output.lost(7)
    output.value(PAIR, (1, "a"))
    output.time("02:47:53\n")
    output.end()
    assert said == ["Attached 1 probe", "Attached 2 probes", "Lost 7 events"]
    assert sink.data == b"(1, a)\n02:47:53\n\n\n"


def test_messages_as_json() -> None:
    sink = Kept()
    output = JsonOutput(sink)
    output.attached(2)
    output.lost(7)
    output.value(PAIR, (1, "a"))
    output.time("02\n")
    output.end()
    assert sink.data.decode().splitlines() == [
        '{"type": "attached_probes", "count": 2, "data": {"probes": 2}}',
        '{"type": "lost_events", "count": 7, "data": {"events": 7}}',
        '{"type": "value", "data": [1,"a"]}',
        '{"type": "time", "data": "02\\n"}',
    ]


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"])))
def test_strings_are_json(text: str) -> None:
    assert json.loads(quote(text)) == text


def test_how_strings_are_escaped() -> None:
    assert quote('a"\\\n\r\t\x01\x7fé') == '"a\\"\\\\\\n\\r\\t\\u0001\x7fé"'
    assert quote(b"a\xff".decode("utf-8", "surrogateescape")) == '"a\\udcff"'


VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text(alphabet='ab"\\\n')),
    lambda inner: st.one_of(st.lists(inner), st.dictionaries(st.text(alphabet="ab"), inner)),
)


@given(VALUES)
def test_values_are_json(value: Any) -> None:
    assert json.loads(dumps(value)) == value
