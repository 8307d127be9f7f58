"""Types of the system's headers: the definitions of those that a script names, and what they need.

What the kernel's BTF has counts before them (cdecl/declare.py), which is not known here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from aotrace.compiler.source import Source, Span
from aotrace.compiler.syntax import cdefs, directives
from aotrace.compiler.syntax.collected import Header, text_in

_NAMED = re.compile(r"\b(?:(struct|union|enum)\s+)?([A-Za-z_]\w*)")


def wanted(
    headers: Sequence[Header], defined: Mapping[str, int], texts: Iterable[str]
) -> tuple[Span, ...]:
    """The definitions that texts lead to, each after those that it is made of."""
    if not defined:
        return ()
    finder = _Finder(headers, defined)
    for text in texts:
        finder.follow(text)
    return tuple(finder.found)


class _Finder:
    def __init__(self, headers: Sequence[Header], defined: Mapping[str, int]) -> None:
        self.headers = headers
        self.defined = defined
        self.found: list[Span] = []
        self.seen: set[str] = set()
        self.opened: dict[int, dict[str, Span]] = {}

    def follow(self, text: str) -> None:
        """Take the definitions of what a text names; what it is made of comes first."""
        for name in _names(text):
            if name not in self.defined or name in self.seen:
                continue
            self.seen.add(name)
            span = self.definitions(self.defined[name]).get(name)
            if span is not None:
                self.seen.update(cdefs.names(span.text))
                self.follow(span.text)
                if span not in self.found:
                    self.found.append(span)

    def definitions(self, number: int) -> dict[str, Span]:
        """Those of one header, by what they define."""
        if number not in self.opened:
            header = self.headers[number]
            try:
                kept = text_in(header)
            except OSError:
                kept = ""
            source = Source(header.path, kept, system=True)
            plain = directives.without_comments(kept)
            spans = [Span(source, *ends) for ends in cdefs.definitions(plain)]
            self.opened[number] = {n: span for span in spans for n in cdefs.names(span.text)}
        return self.opened[number]


def _names(text: str) -> Iterator[str]:
    for tag, name in _NAMED.findall(text):
        yield f"{tag} {name}" if tag else name
