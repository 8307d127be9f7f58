"""The list of all names, in its three forms."""

from __future__ import annotations

import json

import pytest
from aotrace.compiler import cli, reference
from aotrace.compiler.builtins import ENTRIES
from aotrace.compiler.probes import KINDS
from aotrace.runtime import values


def test_every_record_has_a_line() -> None:
    names = {(line.family, line.name) for line in reference.lines()}
    assert {name for family, name in names if family == "probe"} == {k.name for k in KINDS}
    assert {name for family, name in names if family == "value"} == {k.tag for k in values.KINDS}
    rest = {name for family, name in names if family not in ("probe", "value")}
    assert rest == {entry.name for entry in ENTRIES}


def test_forms_of_calls(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["list-builtins"]) == 0
    shown = capsys.readouterr().out
    assert "\n  exit([code])" in shown
    assert "\n  printf(format, args, …)" in shown
    assert "\n  delete(@map, key)" in shown
    assert "Entry of a kernel function. Also k." in shown


def test_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["list-builtins", "--json"]) == 0
    records = {(r["family"], r["name"]): r for r in json.loads(capsys.readouterr().out)}
    assert records["probe", "kprobe"]["aliases"] == ["k"]
    assert records["builtin", "uid"]["form"] == "uid"


def test_markdown_quotes_what_would_end_a_cell() -> None:
    assert "\\|" in reference.as_markdown()
