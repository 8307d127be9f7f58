"""What every record of a registry must have: words about it, a golden case, a run on a kernel.

A builtin, function or probe type has golden cases under its name and live cases that cover it
(tests/unit/compiler/builtins, …/probes). For actions, mechanisms and kinds of values the objects
tell: some golden and some live case must have come to use each.
"""

from __future__ import annotations

import functools
import gc
import importlib
import re
from pathlib import Path

import pytest
from aotrace.compiler import reference
from aotrace.compiler.builtins import BY_NAME, ENTRIES
from aotrace.compiler.builtins.record import (
    AggregateFunction,
    Builtin,
    EventFunction,
    Function,
    MapFunction,
)
from aotrace.compiler.probes import KINDS as PROBES
from aotrace.loader.actions import ACTIONS
from aotrace.loader.attach import MECHANISMS
from aotrace.loader.services import SERVICES
from aotrace.runtime.config import VARIABLES
from aotrace.runtime.values import KINDS

from tests.golden.cases import load
from tests.support import live_cases
from tests.support.compiling import compile_
from tests.support.places import PROJECT
from tests.support.registries import Used

DOCS = PROJECT / "docs"
SHAPES = (Builtin, Function, EventFunction, MapFunction, AggregateFunction)
#: Each registry with a name that it must have: none of them is walked in vain.
REGISTRIES = {
    "builtins": ([e.name for e in ENTRIES], "pid"),
    "probe types": ([k.name for k in PROBES], "kprobe"),
    "actions": ([a.name for a in ACTIONS], "printf"),
    "mechanisms": (list(MECHANISMS), "uprobe"),
    "kinds of values": ([k.tag for k in KINDS], "str"),
    "services": ([s.name for s in SERVICES], "kernel_symbols"),
    "config variables": ([v.name for v in VARIABLES], "max_strlen"),
}
ACTION_NAMES = [action.name for action in ACTIONS]
KIND_TAGS = [kind.tag for kind in KINDS]


@functools.cache
def _text(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


def _says_something(doc: str) -> None:
    assert doc.strip(), "no line of documentation"
    assert len(doc) <= 100, "more than a line"
    assert doc.endswith((".", ")")), doc


@pytest.mark.parametrize("action", ACTIONS, ids=ACTION_NAMES)
def test_an_action_is_described(action: object) -> None:
    _says_something(reference.first_line(action.make))  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", MECHANISMS)
def test_a_mechanism_is_described(name: str) -> None:
    module = importlib.import_module(f"aotrace.loader.attach.{name}")
    _says_something(reference.first_line(module))


@pytest.mark.parametrize("kind", KINDS, ids=KIND_TAGS)
def test_a_kind_is_described(kind: type) -> None:
    _says_something(reference.first_line(kind))


@pytest.mark.parametrize("name", [*ACTION_NAMES, *MECHANISMS, *KIND_TAGS])
def test_the_format_names_it(name: str) -> None:
    assert f"`{name}`" in _text("format.md") or f"**{name}**" in _text("format.md")


@pytest.mark.parametrize("name", [*(e.name for e in ENTRIES), *(k.name for k in PROBES)])
def test_the_page_on_compatibility_names_it(name: str) -> None:
    family = "argN" if name.startswith("arg") and name[3:].isdigit() else name
    assert f"`{family}`" in _text("compatibility.md")


def test_golden_cases_have_every_action_mechanism_and_kind() -> None:
    cases = [*load("builtins"), *load("probes")]
    used = Used(compile_(case.script).metadata for case in cases)
    assert set(ACTION_NAMES) - used.actions == set()
    assert set(MECHANISMS) - used.mechanisms == set()
    assert set(KIND_TAGS) - used.kinds == set()


def test_the_reference_is_up_to_date() -> None:
    path: Path = DOCS / "reference.md"
    assert path.read_text(encoding="utf-8") == reference.as_markdown() + "\n", "run: make reference"


@pytest.mark.parametrize("registry", REGISTRIES)
def test_a_registry_is_not_empty_and_has_each_name_once(registry: str) -> None:
    names, known = REGISTRIES[registry]
    assert known in names
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.__name__)
def test_each_shape_of_builtin_is_among_the_entries(shape: type) -> None:
    assert any(type(entry) is shape for entry in ENTRIES)


def test_every_record_that_there_is_is_an_entry() -> None:
    """A record that a family forgot to list is in no registry, and nobody would miss it."""
    made = {each.name for each in gc.get_objects() if type(each) in SHAPES}
    assert made - set(BY_NAME) == set()


@pytest.mark.parametrize("case", live_cases.load_cases(), ids=str)
def test_a_live_case_uses_what_it_covers(case: live_cases.Case) -> None:
    words = set(re.findall(r"\w+", case.code()))
    spellings = {name: {name, *_aliases(name)} for name in case.covers}
    assert [name for name, known in spellings.items() if not known & words] == []


def _aliases(name: str) -> tuple[str, ...]:
    return next((kind.aliases for kind in PROBES if kind.name == name), ())


@pytest.mark.parametrize(("name", "file"), live_cases.ELSEWHERE.items())
def test_a_live_test_uses_what_it_covers(name: str, file: str) -> None:
    assert f"{name}(" in (PROJECT / file).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", [variable.name for variable in VARIABLES])
def test_a_config_variable_is_described_and_set_in_golden_and_live_cases(name: str) -> None:
    assert f"| `{name}`" in _text("compatibility.md") or f"`, `{name}`" in _text("compatibility.md")
    rejected = PROJECT / "tests/golden/rejected"
    assert any(name in path.read_text(encoding="utf-8") for path in rejected.glob("*.txt"))
    assert any(re.search(rf"\b{name} = ", case.code()) for case in live_cases.load_cases())
