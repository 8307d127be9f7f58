"""How the report on a machine looks; what is in it is tests/live/test_info.py's."""

from __future__ import annotations

from aotrace.loader.info import render


def test_sections_are_columns() -> None:
    report = {"One": {"short": True, "a longer name": False}, "Two": {"number": 0, "text": "x"}}
    assert render(report) == (
        "One\n  short:         yes\n  a longer name: no\n\nTwo\n  number: 0\n  text:   x\n"
    )
