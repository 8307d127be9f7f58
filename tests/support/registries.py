"""What the objects of a set of scripts make use of, by registry: read from their metadata."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from aotrace.runtime.metadata import Metadata


class Used:
    """Names that metadata came to name: actions, mechanisms, kinds of values."""

    def __init__(self, all_metadata: Iterable[Metadata]) -> None:
        self.actions: set[str] = set()
        self.mechanisms: set[str] = set()
        self.kinds: set[str] = set()
        for metadata in all_metadata:
            self._add(metadata)

    def _add(self, metadata: Metadata) -> None:
        self.mechanisms |= {program.mechanism for program in metadata.programs}
        self.actions |= {event.action for event in metadata.events}
        for parts in (metadata.events, metadata.maps, metadata.settings):
            self.kinds |= set(_kinds([part.dump() for part in parts]))


def _kinds(record: Any) -> Iterator[str]:
    """The tags of all specs within a record."""
    if isinstance(record, dict):
        if isinstance(record.get("kind"), str):
            yield record["kind"]
        for value in record.values():
            yield from _kinds(value)
    elif isinstance(record, (list, tuple)):
        for item in record:
            yield from _kinds(item)
