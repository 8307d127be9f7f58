"""Preprocessor lines in a text: where they stand, and texts with parts of them blanked.

Blanked text keeps every other character at its place, so that spans need no mapping.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

_SHEBANG = re.compile(r"\A\s*#![^\n]*")
_MAYBE = re.compile(r"^[ \t]*#", re.MULTILINE)
_STRING = r"\"(?:\\.|[^\"\\\n])*\""
# A `/*` after a `:`, a letter or the like is a wildcard in a path, not a comment.
_SKIP = r"//[^\n]*|(?<![\w:./*\-])/\*.*?\*/|" + _STRING
_LINE = r"^[ \t]*#(?:/\*.*?\*/|//(?:\\\r?\n|[^\n])*|\\\r?\n|" + _STRING + r"|[^\n])*"
_SCAN = re.compile(f"(?:{_SKIP})|({_LINE})", re.DOTALL | re.MULTILINE)
_COMMENT = re.compile(
    r"//(?:\\\r?\n|[^\n])*|/\*.*?\*/|(\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*')", re.DOTALL
)
_NOT_NEWLINE = re.compile(r"[^\n]")


@dataclass(frozen=True)
class Piece:
    """A stretch of a text: one directive with its continuation lines, or what is between two."""

    start: int
    end: int
    directive: bool


def blank_shebang(text: str) -> str:
    """The text with a first line `#!…` blanked."""
    match = _SHEBANG.match(text)
    return blank(text, [match.span()]) if match else text


def pieces(text: str) -> list[Piece]:
    """The text cut at its directives; empty when there is no directive."""
    if not _MAYBE.search(text):
        return []
    lines = [match.span() for match in _SCAN.finditer(text) if match[1] is not None]
    cut, position = [], 0
    for start, end in lines:
        cut += [Piece(position, start, False), Piece(start, end, True)]
        position = end
    return [*cut, Piece(position, len(text), False)] if lines else []


def blank(text: str, spans: Iterable[tuple[int, int]]) -> str:
    """The text with these stretches replaced by spaces; newlines stay."""
    parts, position = [], 0
    for start, end in spans:
        parts += [text[position:start], _NOT_NEWLINE.sub(" ", text[start:end])]
        position = end
    return "".join([*parts, text[position:]])


def without_comments(text: str) -> str:
    """The text with C comments blanked: same length, same lines."""
    return _COMMENT.sub(lambda m: m[1] or _NOT_NEWLINE.sub(" ", m[0]), text)


def one_line(directive: str) -> str:
    """A directive without comments and continuation lines."""
    return re.sub(r"\\?\r?\n", " ", without_comments(directive)).strip()
