"""What every kind of probe must have: documentation, its form, a golden and a live case."""

from __future__ import annotations

from collections import Counter

import pytest
from aotrace.compiler.probes import BY_NAME, KINDS
from aotrace.compiler.probes.record import ProbeKind
from aotrace.loader import attach

from tests.golden.cases import load
from tests.support.compiling import analyse
from tests.support.live_cases import covered

GOLDEN = {case.name: case for case in load("probes")}
LIVE = covered()


@pytest.fixture(params=KINDS, ids=lambda kind: kind.name)
def kind(request: pytest.FixtureRequest) -> ProbeKind:
    return request.param  # type: ignore[no-any-return]


def test_names_are_unique() -> None:
    names = [name for kind in KINDS for name in (kind.name, *kind.aliases)]
    assert [name for name, times in Counter(names).items() if times > 1] == []
    assert set(BY_NAME) == set(names)


def test_it_is_documented_in_one_line(kind: ProbeKind) -> None:
    assert kind.doc.strip() == kind.doc
    assert kind.doc[:1].isupper()
    assert kind.doc.endswith(".")
    assert "\n" not in kind.doc


def test_its_form_begins_with_its_name(kind: ProbeKind) -> None:
    assert kind.form.partition(":")[0] == kind.name


def test_it_has_a_golden_case(kind: ProbeKind) -> None:
    """Under its name, with the loader's mechanism for it."""
    case = GOLDEN[kind.name]
    programs = analyse(case.script).plan.programs
    assert {planned.unit.probe.kind for planned in programs} == {kind}


def test_the_loader_has_its_mechanism(kind: ProbeKind) -> None:
    """One file of loader/attach for each mechanism that metadata names."""
    mechanisms = {
        planned.record.mechanism for planned in analyse(GOLDEN[kind.name].script).plan.programs
    }
    assert mechanisms
    for mechanism in mechanisms:
        assert attach.find(mechanism)


def test_it_runs_on_a_kernel(kind: ProbeKind) -> None:
    assert kind.name in LIVE, "tests/live/cases: no script covers it"


def test_aliases_mean_the_same(kind: ProbeKind) -> None:
    script = GOLDEN[kind.name].script.splitlines()[0]
    first = script.partition("{")[0].partition(",")[0].strip()
    _, colon, rest = first.partition(":")
    texts = set()
    for alias in (kind.name, *kind.aliases):
        (planned,) = analyse(f"{alias}{colon}{rest} {{ exit(); }}").plan.programs
        assert planned.unit.probe.kind is kind
        texts.add(planned.record.probe)
    assert len(texts) == 1
    assert texts.pop().startswith(kind.name + colon)
