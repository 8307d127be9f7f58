"""What the directives of a script come to: text that is in, macros, headers, problems."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from aotrace.compiler.syntax import directives
from aotrace.compiler.syntax.macros import Macro


@dataclass
class Header:
    """A header: its text, and which of its pieces are in."""

    path: str
    text: str
    pieces: list[directives.Piece]
    kept: set[int] = field(default_factory=set)
    #: `#pragma pack`: the number of its piece, and its text
    packs: list[tuple[int, str]] = field(default_factory=list)


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
    packs: list[tuple[int, str]] = field(default_factory=list)  # `#pragma pack` of the script
    #: headers of the system; their text is read where a type of theirs is wanted
    system: list[Header] = field(default_factory=list)
    #: what these define, `struct x` or a typedef's name, by the number of the header
    defined: dict[str, int] = field(default_factory=dict)


def read_header(path: str, kept: Iterable[int] = ()) -> Header:
    """A header cut into its pieces. Raises OSError."""
    with open(path, encoding="utf-8", errors="surrogateescape") as file:
        text = file.read()
    pieces = directives.pieces(text) or [directives.Piece(0, len(text), False)]
    return Header(path, text, pieces, set(kept))


def text_in(header: Header) -> str:
    """The header's text with all that is not in blanked. Raises OSError."""
    whole = header if header.pieces else read_header(header.path, header.kept)
    out = [
        (piece.start, piece.end)
        for index, piece in enumerate(whole.pieces)
        if piece.directive or index not in whole.kept
    ]
    return directives.blank(whole.text, out).replace("__STD_TYPE", "typedef   ")  # as glibc has it
