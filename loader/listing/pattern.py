"""Searches as bpftrace's -l has them: `*` stands for anything, all else for itself."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    Match = Callable[[str], object]


def is_wild(text: str) -> bool:
    return "*" in text


def matcher(pattern: str) -> Match:
    """Whether a text matches the whole pattern."""
    if not is_wild(pattern):
        return lambda text: text == pattern
    if pattern == "*" * len(pattern):
        return lambda text: True
    import re

    parts = [re.escape(part) for part in pattern.split("*")]
    return re.compile(".*".join(parts), re.DOTALL).fullmatch
