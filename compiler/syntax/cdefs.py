"""C definitions in a script or header: where one ends, so that it can be kept as text.

Only their extent is found here; what they mean is read later (the C types of a script).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

# Comments and strings hide brackets; everything else goes by single characters.
_PIECE = re.compile(r"//[^\n]*|/\*.*?\*/|\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*'|.", re.DOTALL)
_LAYOUT = r"(?:\s|//[^\n]*|/\*.*?\*/)*"
_ATTRIBUTE = re.compile(
    _LAYOUT + r"(?:__attribute__" + _LAYOUT + r"(?=\()|__(?!attribute__)\w+)", re.DOTALL
)
# What may be declared besides, or a macro that stands for attributes, up to the semicolon.
_DECLARED = re.compile(
    f"(?!{_LAYOUT}"
    r"(?:struct|union|enum|typedef|import|let)\b)(?:[\w\s*,\[\]()]|//[^\n]*|/\*.*?\*/)*;",
    re.DOTALL,
)
_DEFINITION = re.compile(r"\b(?:struct|union|enum|typedef)\b")
_WORD = re.compile(r"[\w\s]", re.ASCII)


def end_of_definition(text: str, start: int) -> int | None:
    """Where the definition that starts at a struct, union, enum or typedef ends, its `;` included.

    None when it is no definition but, say, an attach point.
    """
    if text.startswith("typedef", start):
        return _end_of_typedef(text, start)
    opening = _opening_brace(text, start)
    if opening is None:
        return None
    if text[opening] == ";":
        return opening + 1
    end = _end_of_brackets(text, opening)
    while end is not None and (attribute := _ATTRIBUTE.match(text, end)):
        end = attribute.end()
        if text.startswith("(", end):
            end = _end_of_brackets(text, end)
    if end is None:
        return None
    declared = _DECLARED.match(text, end)
    return declared.end() if declared else end


def is_left_open(text: str, start: int) -> bool:
    """Whether a struct, union or enum opens at start and its `{` is never closed."""
    opening = None if text.startswith("typedef", start) else _opening_brace(text, start)
    return opening is not None and text[opening] == "{" and not _end_of_brackets(text, opening)


def _opening_brace(text: str, start: int) -> int | None:
    """The `{` after names and attributes, or the `;` of a declaration without a body."""
    position = start
    while position < len(text):
        piece = _piece(text, position)
        if piece in ("{", ";"):
            return position
        if piece == "(":
            position = _end_of_brackets(text, position) or len(text)
        elif _WORD.match(piece) or piece.startswith(("//", "/*")):
            position += len(piece)
        else:
            return None
    return None


def _end_of_typedef(text: str, start: int) -> int | None:
    position = start
    while position < len(text):
        piece = _piece(text, position)
        if piece == ";":
            return position + 1
        if piece in "([{":
            end = _end_of_brackets(text, position)
            if end is None:
                return None
            position = end
        else:
            position += len(piece)
    return None


def _end_of_brackets(text: str, start: int) -> int | None:
    """The position after the bracket that closes the one at start; None when there is none."""
    depth = 0
    for match in _PIECE.finditer(text, start):
        piece = match[0]
        if piece in ("(", "[", "{"):
            depth += 1
        elif piece in (")", "]", "}"):
            depth -= 1
            if depth <= 0:
                return match.end()
    return None


def _piece(text: str, position: int) -> str:
    match = _PIECE.match(text, position)
    return match[0] if match else text[position]


def definitions(text: str) -> Iterator[tuple[int, int]]:
    """Where the definitions of a C header stand; all else in it is passed over."""
    position = 0
    while match := _DEFINITION.search(text, position):
        end = end_of_definition(text, match.start())
        if end is not None:
            yield match.start(), end
        position = end or match.end()


def typedef_names(text: str) -> list[str]:
    """The name that a typedef's text defines: the last word before its `;`, or in `(*name)`."""
    if not text.startswith("typedef"):
        return []
    function = re.search(r"\(\s*\*\s*([A-Za-z_]\w*)\s*\)\s*\(", text)
    words = re.findall(r"[A-Za-z_]\w*", re.sub(r"\[[^\]]*\]|__attribute__\s*\(\(.*?\)\)", "", text))
    return [function[1]] if function else words[-1:]


_TAG = re.compile(
    r"\b(struct|union|enum)\s+(?:__attribute__\s*\(\(.*?\)\)\s*)?([A-Za-z_]\w*)\s*\{", re.DOTALL
)


def names(text: str) -> list[str]:
    """What a definition defines: `struct x` for each body that has a tag, and a typedef's name."""
    tags = [f"{tag} {name}" for tag, name in _TAG.findall(text)]
    return tags + typedef_names(text)
