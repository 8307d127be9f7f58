"""The probes of an object, as it would attach them here."""

from __future__ import annotations

from aotrace.loader import attach, objectfile
from aotrace.loader.attach.mechanism import DURING, Scope
from aotrace.loader.errors import LoaderError
from aotrace.loader.listing import kinds
from aotrace.runtime.members import any_wild

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from aotrace.runtime.metadata import Program


def lines(path: str, verbose: bool) -> Iterator[str]:
    """Each probe that traces, wildcards expanded; with `verbose` its arguments. Raises
    LoaderError."""
    for program in objectfile.read(path).metadata().programs:
        for text in _members(program):
            yield text
            if verbose:
                yield from _arguments(text)


def _members(program: Program) -> list[str]:
    try:
        mechanism = attach.find(program.mechanism)
    except KeyError:
        return [program.probe]
    if mechanism.phase != DURING:
        return []
    parts = program.probe.split(":")
    if not any_wild(parts):
        return [program.probe]
    try:
        return [text for text, _ in mechanism.expand(parts, program.target, Scope())]
    except (ValueError, KeyError) as error:
        raise LoaderError(f"{program.probe}: {error}") from None


def _arguments(text: str) -> Iterator[str]:
    name, _, rest = text.partition(":")
    kind = kinds.BY_NAME.get(name)
    if kind and kind.arguments:
        yield from (f"    {argument}" for argument in kind.arguments(rest))
