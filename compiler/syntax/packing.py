"""`#pragma pack`: from where in a text how closely the members of structs are packed."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable

_ARGUMENTS = re.compile(
    r"pack\s*\(\s*(?:(push|pop)\b)?\s*,?\s*(?:[A-Za-z_]\w*\s*,?)?\s*(\d+)?\s*\)"
)
_BOUNDS = frozenset([0, 1, 2, 4, 8, 16])

#: (offset, most bytes that a member is aligned to; 0: as its type wants), by rising offset
Packs = tuple[tuple[int, int], ...]


def is_valid(pragma: str) -> bool:
    """Whether the text after `#pragma` is a pack that can be followed."""
    match = _ARGUMENTS.fullmatch(pragma.strip())
    return match is not None and int(match[2] or 0) in _BOUNDS


def follow(pragmas: Iterable[tuple[int, str]]) -> Packs:
    """What holds from which offset on, given where each pragma stands, in order."""
    packs, stack, current = [], [0], 0
    for offset, text in pragmas:
        match = _ARGUMENTS.fullmatch(text.strip())
        if match is None:
            continue
        if match[1] == "push":
            stack.append(current)
        elif match[1] == "pop":
            current = stack.pop() if len(stack) > 1 else 0
        if match[2] or not match[1]:
            current = int(match[2] or 0)
        packs.append((offset, current))
    return tuple(packs)


def at(packs: Packs, offset: int) -> int:
    """What holds at an offset."""
    index = bisect_right(packs, (offset, 1 << 30))
    return packs[index - 1][1] if index else 0
