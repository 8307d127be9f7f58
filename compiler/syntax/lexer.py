"""Lexer: text to tokens, with PLY, from the rules of lex_top.py and lex_block.py.

Errors go to the diagnostics with their place, and reading goes on.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from aotrace.compiler.diagnostics import Diagnostics
from aotrace.compiler.source import Source, Span
from aotrace.compiler.syntax import lex_block, lex_top, lextab
from aotrace.compiler.syntax.reader import Reader
from aotrace.compiler.syntax.tokens import KINDS, LITERALS, Token
from ply import lex

REGEX_FLAGS = int(re.ASCII)

_base: Any = None


def build(table: Any) -> Any:
    """The PLY lexer; from a table module, or made anew for None (slow: it checks the rules)."""
    module = _Rules()
    if table is None:
        return lex.lex(module=module, reflags=REGEX_FLAGS)
    return lex.lex(module=module, optimize=True, lextab=table, reflags=REGEX_FLAGS)


class _Rules:
    """What PLY is to see: the rules of both states, tokens, literals and the states."""

    def __init__(self) -> None:
        for module in (lex_top, lex_block):
            self.__dict__.update({n: v for n, v in vars(module).items() if n.startswith("t_")})
        self.tokens, self.literals = KINDS, LITERALS
        self.states = (("top", "exclusive"),)
        self.__file__, self.__package__ = __file__, __package__


def _lexer() -> Any:
    global _base
    if _base is None:
        _base = build(lextab)
    return _base.clone()


def scan(source: Source, text: str, diagnostics: Diagnostics) -> Iterator[Token]:
    """The tokens of a script's text, before macros are expanded."""
    yield from _scan(Reader(source, diagnostics), text, "top")


def scan_macro(text: str, place: Span, diagnostics: Diagnostics) -> Iterator[Token]:
    """The tokens of a macro's text; each carries the place of the macro's use."""
    yield from _scan(Reader(place.source, diagnostics, place), text, "INITIAL")


def _scan(reader: Reader, text: str, state: str) -> Iterator[Token]:
    lexer = _lexer()
    lexer.input(text)
    lexer.reader = reader
    lexer.begin(state)
    while (found := lexer.token()) is not None:
        yield Token(found.type, found.value, reader.span(found.lexpos, lexer.lexpos))
