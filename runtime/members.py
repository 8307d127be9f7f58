"""Attach points that the target completes: wildcards, and what a program knows of where it is.

Such a program may be attached to many *members*, each with a number. It learns its member's number
from the attach cookie, where the kernel gives it one, else from a marker: the lower half of a
64-bit immediate whose upper half is MARK, which the loader changes in each copy of the program. The
map MEMBERS has the text of each number.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

MARK = 0x616F7472
#: Map of the members' texts by number; absent where no program asks for them.
MEMBERS = "members"
TEXT_SIZE = 256  # bytes of a text, with its NUL
_COOKIE = "cookie:"
#: Map of where the arguments of a usdt probe's sites lie, by the member's number.
ARGUMENTS = "usdt_args"
MOST_ARGUMENTS = 12
#: constant, base, index (offsets in pt_regs plus 1; 0: none), scale, memory, size, signed
ARGUMENT = "<qHHBBBB"
ARGUMENT_SIZE = 16
#: Map of the addresses that files of user space give the places of members, by number; absent where
#: no program asks for them.
PLACES = "places"
PLACE_SIZE = 8


def cookie_setting(program: str) -> str:
    """The setting that is 1 where that program finds its member's number in the attach cookie."""
    return _COOKIE + program


def is_wild(text: str) -> bool:
    """Whether a word of an attach point stands for many. Only `*` does, as in bpftrace."""
    return "*" in text


def any_wild(parts: Sequence[str]) -> bool:
    """Whether an attach point with these parts, the probe type first, has a wildcard."""
    return any(map(is_wild, parts[1:]))


class Pattern:
    """A word in which each `*` stands for any text, also none."""

    def __init__(self, text: str) -> None:
        self._pieces = text.split("*")

    def matches(self, name: str) -> bool:
        first, *rest = self._pieces
        if not rest:
            return name == first
        if not name.startswith(first):
            return False
        at, last = len(first), rest.pop()
        for piece in rest:
            found = name.find(piece, at)
            if found < 0:
                return False
            at = found + len(piece)
        return len(name) - at >= len(last) and name.endswith(last)

    def among(self, names: Iterable[str]) -> list[str]:
        """Those that match, sorted, each once."""
        return sorted({name for name in names if self.matches(name)})
