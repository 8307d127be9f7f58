"""Structs, unions and enums of the kernel and its modules, by name; with -v their definitions."""

from __future__ import annotations

from aotrace.loader.listing import kernel_types
from aotrace.loader.listing.pattern import matcher
from aotrace.runtime.points import KERNEL

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_HEADS = ("struct ", "union ", "enum ")
_OPENS, _CLOSES = "{", "};"


def lines(wanted: str, verbose: bool) -> Iterator[str]:
    """`struct NAME`, sorted; or `MODULE: DEFINITION`. Raises LoaderError."""
    found: dict[str, list[str]] = {}
    match = matcher(" ".join(wanted.split()))
    for types in kernel_types.everywhere():
        for text in _texts(types, match, verbose):
            found.setdefault(text, []).append(types.name)
    for text in sorted(found):
        if not verbose:
            yield text
            continue
        where = found[text]
        for module in where[:1] if where[0] == KERNEL else sorted(where):
            yield f"{module}: {text}"


def _texts(types: kernel_types.Types, match: object, verbose: bool) -> set[str]:
    """The names that match, or their definitions."""
    assert callable(match)
    named = {name: number for number, name in types.composites() if match(name)}
    if not verbose:
        return set(named)
    dumped = "".join(map(types.definitions, named.values()))
    return {text for name, text in _definitions(dumped) if name in named}


def _definitions(dumped: str) -> Iterator[tuple[str, str]]:
    """(name, text) of each definition in what libbpf printed. One without members has no braces of
    its own lines, and is left out, as bpftrace does."""
    text = name = ""
    for line in dumped.splitlines():
        if not text and line.startswith(_HEADS) and line.endswith(_OPENS):
            name = line[: -len(_OPENS)].strip()
            text = line + "\n"
        elif text:
            text += line + "\n"
            if line.startswith("}"):
                yield name, text
                text = ""
