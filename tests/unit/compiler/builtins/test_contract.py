"""What every builtin and function must have: a line of documentation, a golden and a live case."""

from __future__ import annotations

from collections import Counter

import pytest
from aotrace.compiler.builtins import BY_NAME, CONSTANTS, ENTRIES
from aotrace.compiler.builtins.record import Entry, MapFunction

from tests.golden.cases import load
from tests.support.live_cases import covered

GOLDEN = {case.name for case in load("builtins")}
LIVE = covered()


@pytest.fixture(params=ENTRIES, ids=lambda entry: entry.name)
def entry(request: pytest.FixtureRequest) -> Entry:
    return request.param  # type: ignore[no-any-return]


def test_names_are_unique() -> None:
    assert [name for name, times in Counter(e.name for e in ENTRIES).items() if times > 1] == []
    assert len(BY_NAME) == len(ENTRIES)
    assert not set(CONSTANTS) & set(BY_NAME)


def test_it_is_documented_in_one_line(entry: Entry) -> None:
    assert entry.doc.strip() == entry.doc
    assert "\n" not in entry.doc
    assert entry.doc[:1].isupper()
    assert entry.doc.endswith(".")


def test_it_has_a_golden_case(entry: Entry) -> None:
    assert entry.name in GOLDEN, "tests/golden/builtins: no case has its name"


def test_it_runs_on_a_kernel(entry: Entry) -> None:
    assert entry.name in LIVE, "tests/live/cases: no script covers it"


def test_parameters_are_in_order(entry: Entry) -> None:
    """Only the last may stand for many; names are those that messages use."""
    parameters = getattr(entry, "parameters", ())
    assert len({parameter.name for parameter in parameters}) == len(parameters)
    assert not any(parameter.many for parameter in parameters[:-1])
    assert not any(parameter.many and parameter.optional for parameter in parameters)


def test_a_map_function_does_one_thing(entry: Entry) -> None:
    if isinstance(entry, MapFunction):
        assert (entry.emit is None) != (entry.event is None)
