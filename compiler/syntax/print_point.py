"""Attach points as source, quoted where their text would be read otherwise."""

from __future__ import annotations

import re

from aotrace.compiler.syntax import nodes
from aotrace.compiler.syntax.tokens import KEYWORDS

_PLAIN = re.compile(r"[\w.*?\[\]+\-#!~/@=()<>&|^%;']*")
_PROVIDER = re.compile(r"(?:[\w*?.\[\]-]+|\$[1-9]|\"(?:[^\"\\]|\\.)*\")+\Z")
_TAKEN = frozenset(KEYWORDS) | {"typedef"}


def attach_point(point: nodes.AttachPoint) -> str:
    """`kprobe:tcp_*`, `uprobe:/bin/sh:"a,b"`; what is no parameter and holds a `$` is quoted."""
    parts = [
        _part(part, [(at, index) for number, at, index in point.params if number == position])
        for position, part in enumerate(point.parts)
    ]
    plain = all(number for number, _, _ in point.params)
    if plain and (parts[0] in _TAKEN or not _PROVIDER.match(parts[0])):
        parts[0] = _quoted(point.parts[0])
    return (f"{point.label}=" if point.label else "") + ":".join(parts)


def _part(part: str, params: list[tuple[int, int]]) -> str:
    text, position = "", 0
    for at, index in params:
        text += _stretch(part[position:at]) + f"${index}"
        position = at + 1 + len(str(index))
    return text + _stretch(part[position:], after_param=bool(params))


def _stretch(text: str, after_param: bool = False) -> str:
    """A stretch without parameters: bare when nothing in it has a meaning of its own."""
    slash_inside = "/" in text and not text.startswith(("/", ".", "~", "*"))
    if not _PLAIN.fullmatch(text) or slash_inside or (after_param and text[:1].isdigit()):
        return _quoted(text)
    return text


def _quoted(text: str) -> str:
    return '"' + re.sub(r'(["\\\n])', r"\\\1", text) + '"'
