"""Source texts and places in them.

A Span is a half-open range of character offsets in one Source. Every token and node carries one,
so that a message can always quote the script.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import field
from functools import cached_property

from aotrace.compiler.frozen import dataclass


@dataclass(frozen=True)
class Source:
    """One script: its name as the user gave it (a path, or `-e`) and its text.

    imported: the import statement that asked for it, in another source.
    """

    name: str
    text: str = field(repr=False)
    imported: Span | None = field(default=None, repr=False, compare=False)
    #: a header of the system, of which types are taken that BTF does not have
    system: bool = field(default=False, repr=False, compare=False)

    @property
    def told(self) -> str:
        """Its name in what the program tells: as bpftrace calls a script of the command line."""
        return "stdin" if self.name == "-e" else self.name

    @cached_property
    def _line_starts(self) -> list[int]:
        starts = [0]
        starts.extend(i + 1 for i, char in enumerate(self.text) if char == "\n")
        return starts

    def position(self, offset: int) -> tuple[int, int]:
        """Line and column, both from 1, of a character offset."""
        line = bisect_right(self._line_starts, offset)
        return line, offset - self._line_starts[line - 1] + 1

    def line(self, number: int) -> str:
        """The text of a line (from 1), without its newline; empty past the end."""
        if not 1 <= number <= len(self._line_starts):
            return ""
        start = self._line_starts[number - 1]
        end = self.text.find("\n", start)
        return self.text[start:] if end < 0 else self.text[start:end]


@dataclass(frozen=True)
class Span:
    """Characters start..end (end excluded) of a source.

    via: for text of a macro's body, the use that it was expanded for. behind: of an expression in
    parentheses, which are no part of its place, where they end.
    """

    source: Source = field(repr=False)
    start: int
    end: int
    via: Span | None = field(default=None, repr=False)
    behind: int = field(default=0, repr=False, compare=False)

    @property
    def text(self) -> str:
        return self.source.text[self.start : self.end]

    @property
    def line(self) -> int:
        return self.source.position(self.start)[0]

    @property
    def column(self) -> int:
        return self.source.position(self.start)[1]

    def to(self, other: Span) -> Span:
        """The span from the start of this one to the end of the other, parentheses included."""
        return Span(self.source, self.start, max(self.end, other.end, other.behind), self.via)

    @property
    def uses(self) -> Iterator[Span]:
        """The macro uses that brought this text in, the innermost first."""
        use = self.via
        while use:
            yield use
            use = use.via

    @property
    def location(self) -> list[str | int]:
        """As an object has it: script, line, column, line of the end, column behind it."""
        line, column = self.source.position(self.start)
        end, behind = self.source.position(max(self.end - 1, self.start))
        return [self.source.told, line, column, end, behind + 1]

    @property
    def lines(self) -> dict[str, str]:
        """The texts of its lines by their numbers."""
        first, last = self.line, self.source.position(max(self.end - 1, self.start))[0]
        return {str(number): self.source.line(number) for number in range(first, last + 1)}

    @property
    def script_line(self) -> int:
        """The line in the script that is built: for an imported text that of the import."""
        place = self
        while place.source.imported:
            place = place.source.imported
        return place.line

    def __str__(self) -> str:
        return f"{self.source.name}:{self.line}:{self.column}"
