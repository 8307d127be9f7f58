"""How long a program is and which lines make it so, out of LLVM's assembly.

A jump of BPF reaches over 32767 instructions. LLVM finds that out when it writes the object, and
says no more; its assembly, which has names for places instead of distances, can still be had.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import NamedTuple

REACH = 32767
_MOST = 3  # lines that are named
_LABEL = re.compile(r"(\w+):$")
_LOCATION = re.compile(r"\t\.loc\t(\d+) (\d+) (\d+)")
_WIDE = re.compile(r"\tr\d+ = \S+ ll$")  # `r1 = 5 ll`, which is two instructions


class Function(NamedTuple):
    """A function of the assembly: its instructions, by (line, column) of the script."""

    name: str
    places: Counter[tuple[int, int]]

    @property
    def length(self) -> int:
        return self.places.total()

    def lines(self) -> list[tuple[int, int]]:
        """(line, instructions) of those that take most."""
        by_line: Counter[int] = Counter()
        for (line, _), count in self.places.items():
            by_line[line] += count
        return [(line, count) for line, count in by_line.most_common(_MOST) if line]

    def worst(self) -> tuple[int, int]:
        """Where the statement begins that takes most."""
        line = next((line for line, _ in self.lines()), 0)
        inside = [(count, -column) for (at, column), count in self.places.items() if at == line]
        return line, -max(inside)[1] if inside else 0


def longest(assembly: str) -> Function:
    """The function with the most instructions."""
    return max(_functions(assembly), key=lambda function: function.length)


def _functions(assembly: str) -> list[Function]:
    found = [Function("", Counter())]
    at = (0, 0)
    for line in assembly.splitlines():
        if label := _LABEL.match(line):
            if not label[1].startswith("LBB"):
                found.append(Function(label[1], Counter()))
        elif location := _LOCATION.match(line):
            number, column = int(location[2]), int(location[3])
            at = (number, column) if number else at  # 0: made by LLVM, for what stands around it
        elif line.startswith("\t") and not line.startswith(("\t.", "\t#")):
            found[-1].places[at] += 2 if _WIDE.match(line) else 1
    return found
