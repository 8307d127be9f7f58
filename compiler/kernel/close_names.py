"""Names like a misspelt one, for the hints of error messages."""

from __future__ import annotations

from collections.abc import Iterable

_MOST_COMPARED = 1500  # difflib compares some 100 names in a millisecond


def close_names(name: str, known: Iterable[str], limit: int = 3) -> list[str]:
    """At most `limit` of the `known` names that `name` may have been meant as, best first.

    Only names of like length are compared, those with the same beginning first: a kernel has
    56,000 functions.
    """
    from difflib import get_close_matches  # only errors need it

    near = {other for other in known if abs(len(other) - len(name)) <= 3}
    ranked = sorted(near, key=lambda other: (-common_start(name, other), other))
    return get_close_matches(name, ranked[:_MOST_COMPARED], limit, cutoff=0.75)


def common_start(a: str, b: str) -> int:
    """Number of characters in which both begin alike."""
    return next((i for i, (x, y) in enumerate(zip(a, b)) if x != y), min(len(a), len(b)))
