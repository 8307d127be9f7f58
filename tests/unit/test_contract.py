"""What every record of a registry must have: words about it, a golden case, a run on a kernel.

A builtin, function or probe type has golden cases under its name and live cases that cover it
(tests/unit/compiler/builtins, …/probes). For actions, mechanisms and kinds of values the objects
tell: some golden and some live case must have come to use each.
"""

from __future__ import annotations

import functools
import importlib
from pathlib import Path

import pytest
from aotrace.compiler import reference
from aotrace.compiler.builtins import ENTRIES
from aotrace.compiler.probes import KINDS as PROBES
from aotrace.loader.actions import ACTIONS
from aotrace.loader.attach import MECHANISMS
from aotrace.runtime.values import KINDS

from tests.golden.cases import load
from tests.support.compiling import compile_
from tests.support.places import PROJECT
from tests.support.registries import Used

DOCS = PROJECT / "docs"
ACTION_NAMES = [action.name for action in ACTIONS]
KIND_TAGS = [kind.tag for kind in KINDS]


@functools.cache
def _golden() -> Used:
    cases = [*load("builtins"), *load("probes")]
    return Used(compile_(case.script).metadata for case in cases)


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


@pytest.mark.parametrize("name", ACTION_NAMES)
def test_a_golden_case_has_the_action(name: str) -> None:
    assert name in _golden().actions


@pytest.mark.parametrize("name", MECHANISMS)
def test_a_golden_case_has_the_mechanism(name: str) -> None:
    assert name in _golden().mechanisms


@pytest.mark.parametrize("name", KIND_TAGS)
def test_a_golden_case_has_the_kind(name: str) -> None:
    assert name in _golden().kinds


def test_the_reference_is_up_to_date() -> None:
    path: Path = DOCS / "reference.md"
    assert path.read_text(encoding="utf-8") == reference.as_markdown() + "\n", "run: make reference"
