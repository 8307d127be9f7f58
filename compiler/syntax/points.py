"""Attach points as raw text: where one ends, and its parts.

Almost anything may stand in an attach point (paths, globs, Go and C++ names), so it is scanned as
text up to white space, `,` or `{`, as bpftrace does; a `/` before the first `:` opens the
predicate, a later one belongs to the text.
"""

from __future__ import annotations

import re

from aotrace.compiler.syntax.tokens import PointText

_SPACE = frozenset(" \t\r\n\f\v")
_PATH_STARTS = tuple('/.~*$"')
_PARAM = re.compile(r"[1-9][0-9]*")
MAX_PARAM = 2**63 - 1
_LAYOUT = r"(?:\s|//[^\n]*|/\*.*?\*/)*"
_CLOSES = re.compile(r"/" + _LAYOUT + r"\{", re.DOTALL)


class PointError(Exception):
    """An attach point cannot be read; start and end are offsets in its text."""

    def __init__(self, message: str, start: int, end: int, *hints: str) -> None:
        super().__init__(message)
        self.start = start
        self.end = end
        self.hints = hints


def scan(text: str, start: int) -> int:
    """The end of the attach point that begins at start."""
    position = part = start
    first = True
    while position < len(text):
        char = text[position]
        if char in "{," or char in _SPACE:
            break
        if char == '"':
            position = _end_of_quotes(text, position)
            continue
        if (
            char == "/"
            and position > start
            and _ends_point(text, position, text[part:position], first)
        ):
            break
        if char == ":":
            part, first = position + 1, False
        position += 1
    return position


def _end_of_quotes(text: str, start: int) -> int:
    position = start + 1
    while position < len(text) and text[position] not in '"\n':
        position += 2 if text[position] == "\\" else 1
    return min(position + 1, len(text))


def _ends_point(text: str, position: int, part: str, first: bool) -> bool:
    if first:
        return True
    if part == "" or part.startswith(_PATH_STARTS) or "/" in part:
        return False
    return _opens_predicate(text, position)


def _opens_predicate(text: str, position: int) -> bool:
    """Whether the `/` in `kprobe:f/pid == 1/ {` opens a predicate and is not `usdt:lib/x:probe`.

    bpftrace takes every `/` after a `:` for text; a predicate is read here only where that text
    would make no sense: no further `:` in it, and a `/ {` to close it before any other block.
    """
    end = position + 1
    while end < len(text) and text[end] not in _SPACE and text[end] not in "{,:/":
        end += 1
    if end < len(text) and text[end] == ":":
        return False
    closing = _CLOSES.search(text, position + 1)
    return closing is not None and "{" not in text[position : closing.end() - 1]


def split(text: str) -> PointText:
    """The parts of a scanned attach point. Raises PointError."""
    parts = [""]
    params = []
    position = 0
    while position < len(text):
        char = text[position]
        if char == '"':
            position, quoted = _unquote(text, position)
            parts[-1] += quoted
            continue
        if char == "$":
            digits = _param(text, position)
            params.append((len(parts) - 1, len(parts[-1]), int(digits)))
            parts[-1] += "$" + digits
            position += 1 + len(digits)
            continue
        if char == ":":
            parts.append("")
        else:
            parts[-1] += char
        position += 1
    return _labelled(parts, params, text)


def _unquote(text: str, start: int) -> tuple[int, str]:
    """The position after the closing quote, and what the quotes hold; `\\x` stands for x."""
    quoted = ""
    position = start + 1
    while position < len(text):
        char = text[position]
        if char == '"':
            return position + 1, quoted
        if char == "\\" and position + 1 < len(text):
            position += 1
            char = text[position]
        quoted += char
        position += 1
    raise PointError('unterminated string: the closing `"` is missing', start, len(text))


def _param(text: str, start: int) -> str:
    match = _PARAM.match(text, start + 1)
    if match and len(match[0]) < 20 and int(match[0]) <= MAX_PARAM:
        return match[0]
    end = match.end() if match else min(start + 2, len(text))
    hint = 'for a name that holds a `$`, quote it: "$…"'
    raise PointError(f"`{text[start:end]}` is not a positional parameter", start, end, hint)


_LABEL = re.compile(r"[\w.*?\[\]-]*")


def _labelled(parts: list[str], params: list[tuple[int, int, int]], text: str) -> PointText:
    label, equals, provider = parts[0].partition("=")
    if not equals or not provider or not _LABEL.fullmatch(label) or text.startswith('"'):
        return PointText(tuple(parts), "", tuple(params))
    shift = len(label) + 1
    moved = tuple(
        (part, at if part else at - shift, index)
        for part, at, index in params
        if part or at >= shift
    )
    return PointText((provider, *parts[1:]), label, moved)
