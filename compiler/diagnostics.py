"""Diagnostics: errors and warnings as data, and how they are shown.

A pass reports into a Diagnostics collector and goes on; the pipeline stops after the first pass
that reported an error. Rendering quotes the source line and puts carets under the span.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import get_close_matches
from enum import Enum

from aotrace.compiler.frozen import dataclass
from aotrace.compiler.source import Span

#: What a script may hold and no terminal should get: control characters, bytes that are not UTF-8.
_UNPRINTABLE = re.compile(r"[^\S \t\n]|[\x00-\x08\x0e-\x1f\x7f-\x9f\ud800-\udfff]")


class Severity(Enum):
    ERROR = "ERROR"
    WARNING = "WARNING"


@dataclass(frozen=True)
class Diagnostic:
    """One message at one place, with hints on what to do."""

    severity: Severity
    message: str
    span: Span | None = None
    hints: tuple[str, ...] = ()

    def render(self) -> str:
        """The message as the user sees it, several lines, no newline at the end."""
        place = f"{self.span}: " if self.span else ""
        lines = [f"{place}{self.severity.value}: {self.message}"]
        if self.span:
            lines += _quote(self.span)
        uses = self.span.uses if self.span else ()
        hints = [*self.hints, *(f"expanded from {use}" for use in uses)]
        lines += [f"HINT: {hint}" for hint in hints]
        return _UNPRINTABLE.sub("\ufffd", "\n".join(lines))


class CompileError(Exception):
    """Compilation stopped; carries every diagnostic collected so far.

    status: the exit status of `aotracec run`, as bpftrace has it.
    """

    status = 1

    def __init__(self, diagnostics: Iterable[Diagnostic]) -> None:
        self.diagnostics = tuple(diagnostics)
        super().__init__("\n".join(d.render() for d in self.diagnostics))


class CError(CompileError):
    """The script's C is at fault: what its directives say, or what it declares."""

    status = 2


class Diagnostics:
    """Collects what the passes report."""

    def __init__(self) -> None:
        self._items: list[Diagnostic] = []

    def error(self, message: str, span: Span | None, *hints: str) -> None:
        self._add(Diagnostic(Severity.ERROR, message, span, hints))

    def warning(self, message: str, span: Span | None, *hints: str) -> None:
        self._add(Diagnostic(Severity.WARNING, message, span, hints))

    def _add(self, item: Diagnostic) -> None:
        if item not in self._items:
            self._items.append(item)

    @property
    def items(self) -> tuple[Diagnostic, ...]:
        return tuple(self._items)

    @property
    def warnings(self) -> tuple[Diagnostic, ...]:
        return tuple(d for d in self._items if d.severity is Severity.WARNING)

    @property
    def failed(self) -> bool:
        return any(d.severity is Severity.ERROR for d in self._items)

    def stop_if_failed(self, error: type[CompileError] = CompileError) -> None:
        """Raise when a pass has reported an error."""
        if self.failed:
            raise error(self._items)


def did_you_mean(name: str, known: Iterable[str]) -> tuple[str, ...]:
    """A hint naming the closest known name, or nothing."""
    matches = get_close_matches(name, list(known), n=1, cutoff=0.6)
    return tuple(f"did you mean `{match}`?" for match in matches)


def _quote(span: Span) -> list[str]:
    line, column = span.source.position(span.start)
    text = span.source.line(line)
    if not text.strip():
        return []  # the place says it all: the end of the script, mostly
    end_line, end_column = span.source.position(max(span.start, span.end - 1))
    last = end_column if end_line == line else max(len(text.rstrip()), column)
    width = max(1, last - column + 1)
    margin = "".join("\t" if char == "\t" else " " for char in text[: column - 1])
    return [text, margin + "^" * width]
