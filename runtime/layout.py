"""Struct layout by natural alignment: the one rule that event records, tuples and keys follow."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable


class Placement:
    """Where members of a struct lie: offsets in order, whole size (padded), alignment; bytes."""

    __slots__ = ("align", "offsets", "size")

    def __init__(self, offsets: tuple[int, ...], size: int, align: int) -> None:
        self.offsets = offsets
        self.size = size
        self.align = align


def align_up(offset: int, align: int) -> int:
    return (offset + align - 1) // align * align


def place(members: Iterable[tuple[int, int]], start: int = 0, minimum_align: int = 1) -> Placement:
    """Lay out (size, align) members one after the other, first at or after `start`."""
    offset, widest, offsets = start, minimum_align, []
    for size, align in members:
        offset = align_up(offset, align)
        offsets.append(offset)
        offset += size
        widest = max(widest, align)
    return Placement(tuple(offsets), align_up(offset, widest), widest)
