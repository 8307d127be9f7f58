"""What the directives of a script come to: text that is in, macros, headers, problems."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from aotrace.compiler.syntax import directives
from aotrace.compiler.syntax.macros import Macro


@dataclass
class Header:
    """A header of the user's own: its text, and which of its pieces are in."""

    path: str
    text: str
    pieces: list[directives.Piece]
    kept: set[int] = field(default_factory=set)


@dataclass
class Problem:
    """What is wrong with a directive: the number of its piece in the script."""

    piece: int
    message: str
    hints: tuple[str, ...] = ()


@dataclass
class Collected:
    """What the directives of a script come to."""

    kept: set[int] = field(default_factory=set)
    macros: dict[str, Macro] = field(default_factory=dict)
    headers: list[Header] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    files: list[str] = field(default_factory=list)  # all that was read
    missing: list[str] = field(default_factory=list)  # where a header was looked for in vain


def read_header(path: str, kept: Iterable[int] = ()) -> Header:
    """A header cut into its pieces. Raises OSError."""
    with open(path, encoding="utf-8", errors="surrogateescape") as file:
        text = file.read()
    pieces = directives.pieces(text) or [directives.Piece(0, len(text), False)]
    return Header(path, text, pieces, set(kept))
