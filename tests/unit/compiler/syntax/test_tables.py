"""The tables that PLY made: they belong to the rules as they stand, and the grammar is sound."""

from __future__ import annotations

from pathlib import Path

from aotrace.compiler.syntax import grammar, tables

FOLDER = Path(tables.__file__).parent


def test_the_grammar_has_no_conflicts_and_no_loose_ends() -> None:
    _, warnings = tables.make_parser_table()
    assert len(warnings) == grammar.EXPLAINED_CONFLICTS, warnings


def test_the_parser_table_is_not_stale() -> None:
    text, _ = tables.make_parser_table()
    assert (FOLDER / "parsetab.py").read_text(encoding="utf-8") == text, _REMEDY


def test_the_lexer_table_is_not_stale() -> None:
    assert (FOLDER / "lextab.py").read_text(encoding="utf-8") == tables.make_lexer_table(), _REMEDY


_REMEDY = "run make parser-tables"
