"""The probes of this machine that match a search: `TYPE:WHAT`, `*` for anything, as -l of bpftrace.

A search without a type is one over all types of the kernel; one that names a file finds what can be
traced in it.
"""

from __future__ import annotations

from aotrace.loader import child
from aotrace.loader.errors import LoaderError
from aotrace.loader.listing.kinds import BY_NAME, KINDS, Listed, Query
from aotrace.loader.listing.pattern import is_wild, matcher

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from aotrace.loader.listing.pattern import Match
    from aotrace.loader.options import Options


_FILED = ("uprobe", "uretprobe", "usdt")


def lines(search: str, options: Options) -> Iterator[str]:
    """What matches, sorted within each type. Raises LoaderError."""
    if options.pid is not None:
        child.require(options.pid)
    if options.regex:
        yield from _by_expression(search, options)
        return
    text = " ".join(search.split()) or "*:*"
    yield from _found(text if ":" in text else f"*:{text}", options)


def _found(search: str, options: Options) -> Iterator[str]:
    name, _, rest = search.partition(":")
    words = rest.split(":")
    for kind in _kinds(name, words, options):
        match = _or_counted(matcher(_pattern(kind, words)))
        yield from _entries(kind, words, match, options)


def _pattern(kind: Listed, words: list[str]) -> str:
    """What an entry must look like; of files in the search it is clear which they are."""
    rest = ":".join(words)
    if kind.moduled and len(words) < 2:
        return f"*:{rest}"
    if kind.name in _FILED:
        return "*:" + ":".join(words[1:] or words)
    return rest or "*"


def _or_counted(match: Match) -> Match:
    """`software:faults` finds `faults:`, behind which a count may follow."""
    return lambda entry: match(entry) or (entry.endswith(":") and match(entry[:-1]))


def _kinds(name: str, words: list[str], options: Options) -> list[Listed]:
    if not is_wild(name):
        found = BY_NAME.get(name)
        return [found] if found else []
    import os

    match = matcher(name)
    files = bool(options.pid) or (bool(words[0]) and os.path.exists(words[0]))
    return [k for k in KINDS if match(k.name) and (k.kernel or (k.filed and files))]


def _by_expression(search: str, options: Options) -> Iterator[str]:
    import re

    try:
        match = re.compile(search or "").search
    except re.error as error:
        raise LoaderError(f"{search!r} is no regular expression: {error}", "see -r") from None
    for kind in KINDS:
        if kind.kernel:
            yield from _entries(kind, [], _behind(f"{kind.name}:", match), options)


def _behind(head: str, match: Match) -> Match:
    return lambda entry: match(head + entry)


def _entries(kind: Listed, words: list[str], match: Match, options: Options) -> Iterator[str]:
    query = Query(words, int(options.pid or 0))
    for entry in sorted({entry for entry in kind.entries(query) if match(entry)}):
        yield f"{kind.name}:{entry}"
        if options.verbose and kind.arguments:
            yield from (f"    {argument}" for argument in kind.arguments(entry))
