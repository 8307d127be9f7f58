"""What a program tells of its failures, in words: a warning with the place in the script."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    Lines = Mapping[str, Mapping[str, str]]  # texts by script and number
    Location = Sequence[Any]  # [script, line, column, line of the end, column behind it]

#: What fails without a helper.
_MESSAGES = {
    "division": "Divide or modulo by 0 detected. This can lead to unexpected results. "
    "1 is being used as the result.",
    "bounds": "Array access out of bounds. This can lead to unexpected results.",
    "unwind": "No DWARF unwind data available for this process. "
    "Use -p or --dwarf-pid to specify target PIDs.",
}
_FULL = -7  # E2BIG
_MAP_FULL = (
    "Map full; can't update element. Try increasing max_map_keys config or manually setting the "
    "max entries in a map declaration e.g. `let @a = hash(5000)`"
)
_NO_KEY = "Can't lookup map element because it does not exist."
_TAB = "    "


class Failure:
    """One failure. `helper`: the one that failed with `code`, "" if it was none."""

    def __init__(self, details: Mapping[str, Any], place: int, code: int) -> None:
        what, *self._locations = details["places"][place]
        self._lines = details["lines"]
        self.code = code
        self.helper = "" if what in _MESSAGES else what
        self.reason = _MESSAGES.get(what) or os.strerror(-code)
        self.script, self.line, self.column = self._locations[0][:3]

    def texts(self) -> list[str]:
        """The warning, and one for each use of a macro that brought its place in."""
        first, *uses = self._locations
        message = self.reason
        if self.helper:
            message = _advice(self.helper, self.code) or message
            message += f"\nAdditional Info - helper: {self.helper}, retcode: {self.code}"
        said = quoted(first, self._lines, "WARNING", message)
        return [said, *expansions(uses, self._lines, "WARNING")]


def expansions(uses: Sequence[Location], lines: Lines, severity: str) -> list[str]:
    """What a message of a macro's text ends with: each use that the text was expanded for."""
    return [quoted(use, lines, severity, "expanded from") for use in uses]


def quoted(location: Location, lines: Lines, severity: str, message: str) -> str:
    """A message about a place, with its lines."""
    script, line, column, end, behind = location
    place = f"{line}-{end}" if line != end else f"{line}:{column}-{behind}"
    texts = [lines[script].get(str(number), "") for number in range(line, end + 1)]
    if line == end:
        texts = _marked(texts[0], column, behind)
    return "\n".join([f"{script}:{place}: {severity}: {message}", *texts])


def _advice(helper: str, code: int) -> str:
    if helper == "map_update_elem" and code == _FULL:
        return _MAP_FULL
    return _NO_KEY if helper == "map_lookup_elem" else ""


def _marked(text: str, column: int, behind: int) -> list[str]:
    marks = (
        (" " if number < column else "~") * (len(_TAB) if char == "\t" else 1)
        for number, char in enumerate(text[: behind - 1], 1)
    )
    return [text.replace("\t", _TAB), "".join(marks)]
