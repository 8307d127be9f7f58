"""The JSON reader reads what json reads, and refuses what it refuses."""

from __future__ import annotations

import json

import pytest
from aotrace.runtime import quickjson
from hypothesis import given
from hypothesis import strategies as st

VALUES = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(allow_nan=False, allow_infinity=False),
        st.text(),
    ),
    lambda inner: st.one_of(st.lists(inner), st.dictionaries(st.text(), inner)),
)


@given(VALUES, st.sampled_from([None, 1]))
def test_values_come_back(value: object, indent: int | None) -> None:
    assert quickjson.loads(json.dumps(value, indent=indent).encode()) == value


@given(st.one_of(st.binary(), st.text().map(str.encode)))
def test_it_refuses_what_json_refuses(section: bytes) -> None:
    try:
        expected = json.loads(section.decode(), parse_constant=lambda name: 1 / 0)
    except (ValueError, ZeroDivisionError):
        with pytest.raises(ValueError, match=r"."):
            quickjson.loads(section)
    else:
        assert quickjson.loads(section) == expected


def test_without_the_c_scanner(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "_json", None)
    assert quickjson.loads(b'{"a": [1, null]}') == {"a": [1, None]}
