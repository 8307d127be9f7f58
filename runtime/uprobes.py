"""Attach points in user space, from their parts to what the loader looks up on its machine.

`parts` as in runtime/points.py. The target of a uprobe has:
binary      what the script calls the file; "": the executable of the process of -p
function    the symbol, which may hold wildcards; "" where address or source says where
offset      bytes behind the function's start
address     as the file counts addresses
source      [file, line, column], column 0: any
language    "cpp": `function` is a demangled name
return      whether it is a uretprobe
unsafe      the place need not be that of an instruction
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    Target = dict[str, Any]

_LANGUAGES = ("cpp",)


def uprobe_of(parts: Sequence[str], returns: bool) -> Target:
    """What `:BINARY:FUNCTION[+OFFSET]`, `:BINARY:ADDRESS`, `:BINARY:cpp:NAME`, `:FUNCTION` and
    `:BINARY@FILE:LINE[:COLUMN]` say.

    Raises ValueError, which says what is wrong, and KeyError for another form.
    """
    given = list(parts[1:])
    source = _source(given, returns)
    if source:
        return source
    if not 1 <= len(given) <= 3 or not given[-1] or (len(given) == 2 and not given[0]):
        raise KeyError(parts[0])
    if len(given) == 2 and given[0] in _LANGUAGES:
        given.insert(0, "")  # the process's own executable
    language = given[-2] if len(given) == 3 else ""
    if language not in ("", *_LANGUAGES):
        raise ValueError(f"`{language}` is no language: only `cpp` is known")
    binary = given[0] if len(given) > 1 else ""
    target: Target = {"binary": binary, "return": returns, "offset": 0}
    if language:
        return {**target, "language": language, "function": given[-1]}
    return {**target, **_place(given[-1], returns)}


def _place(text: str, returns: bool) -> Target:
    """A function with or without an offset, or an address."""
    if text[0].isdigit():
        return {"function": "", "address": number(text)}
    name, plus, offset = text.partition("+")
    if not plus:
        return {"function": name}
    if returns:
        raise ValueError("a uretprobe has no offset: a return is not at one place in a function")
    if not name or "+" in offset or not offset[:1].isdigit():
        raise ValueError(f"`+{offset}` is no offset")
    return {"function": name, "offset": number(offset)}


def _source(given: list[str], returns: bool) -> Target | None:
    """BINARY@FILE:LINE[:COLUMN]; None where the text has no such form."""
    if not given or "@" not in given[0] or not all(part.isdecimal() for part in given[1:]):
        return None
    binary, _, file = given[0].rpartition("@")
    if len(given) not in (2, 3) or not file or not binary:
        raise ValueError("a place in the source is BINARY@FILE:LINE or BINARY@FILE:LINE:COLUMN")
    if returns:
        raise ValueError("a uretprobe is attached to a function, not to a line of its source")
    line, column = int(given[1]), int(given[2]) if len(given) == 3 else 0
    target = {"binary": binary, "function": "", "offset": 0, "return": False}
    return {**target, "source": [file, line, column]}


def number(text: str) -> int:
    """An offset or address: decimal, or hexadecimal after 0x. Raises ValueError."""
    digits = text.replace("_", "")
    try:
        found = int(digits, 16) if digits[:2] in ("0x", "0X") else int(digits)
    except ValueError:
        raise ValueError(f"`{text}` is no number") from None
    if not 0 <= found < 1 << 64:
        raise ValueError(f"`{text}` is out of range")
    return found


def usdt_of(parts: Sequence[str]) -> Target:
    """What `:BINARY:[PROVIDER:]NAME` and `:NAME` say. Raises KeyError for another form."""
    given = list(parts[1:])
    if not 1 <= len(given) <= 3 or not given[-1]:
        raise KeyError(parts[0])
    provider = given[1] if len(given) == 3 else ""
    binary = given[0] if len(given) > 1 else ""
    return {"binary": binary, "provider": provider, "name": given[-1]}
