"""What the rules of the lexer share: the state of a text that is being read, and its two states.

At the top level (PLY's state `top`) a word starts an item. Braces, a predicate or an item's keyword
lead into the state of statements and expressions (INITIAL), and its end leads back.
"""

from __future__ import annotations

from typing import Any

from aotrace.compiler.diagnostics import Diagnostics
from aotrace.compiler.source import Source, Span
from aotrace.compiler.syntax.tokens import TokenValue

IGNORED = " \t\r\n\f\v"
COMMENT = r"//[^\n]*|/\*[\s\S]*?\*/"


class Reader:
    """Where one text stands in being read: what the rules below share."""

    def __init__(self, source: Source, diagnostics: Diagnostics, place: Span | None = None) -> None:
        self.source = source
        self.diagnostics = diagnostics
        self.place = place  # of the macro's use, for the text of a macro
        self.braces: list[int] = []  # where the open ones stand
        self.parens = 0
        self.item = ""  # keyword of the top-level item being read
        self.predicate = False
        self.in_header = False  # whether the open braces hold a value in an item's header
        self.if_in_predicate = False
        self.last = ""  # kind of the token before

    def span(self, start: int, end: int) -> Span:
        return self.place or Span(self.source, start, end)

    def error(self, message: str, start: int, end: int, *hints: str) -> None:
        self.diagnostics.error(message, self.span(start, end), *hints)


def emit(t: Any, kind: str, value: TokenValue) -> Any:
    """The token that a rule matched, as a kind and a value."""
    t.type, t.value = kind, value
    t.lexer.reader.last = kind
    return t


def open_body(t: Any) -> None:
    """The `{` of a probe: statements follow."""
    reader = t.lexer.reader
    reader.braces, reader.parens = [t.lexpos], 0
    reader.predicate = reader.in_header = False
    t.lexer.begin("INITIAL")


def to_top(t: Any) -> None:
    """An item has ended."""
    reader = t.lexer.reader
    reader.item, reader.predicate, reader.parens = "", False, 0
    t.lexer.begin("top")


def open_comment(t: Any) -> None:
    """A comment without an end takes the rest of the text."""
    place = (t.lexpos, t.lexpos + 2)
    t.lexer.reader.error("this comment is never closed", *place, "close it with `*/`")
    t.lexer.lexpos = len(t.lexer.lexdata)


def stray(t: Any) -> None:
    """A character that starts no token."""
    char = t.lexer.lexdata[t.lexpos]
    shown = f"`{char}`" if char.isprintable() and char != "`" else f"U+{ord(char):04X}"
    t.lexer.reader.error(f"stray character {shown}", t.lexpos, t.lexpos + 1)
    t.lexer.skip(1)
