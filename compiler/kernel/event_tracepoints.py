"""Tracepoints that the kernel's sources define one by one (TRACE_EVENT and its like)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property

from .btf import Btf
from .btf_kinds import BtfKind
from .btf_types import Struct
from .close_names import close_names
from .event_format import EventFormat
from .tracepoint import Tracepoint
from .tracepoint_fields import agrees, format_fields, struct_fields
from .tracepoint_formats import Formats
from .tracepoint_templates import STRUCT_PREFIX, Templates


class EventTracepoints:
    """The events of one kernel and its modules; `formats` tell their categories, if given."""

    def __init__(self, btf: Btf, formats: Formats | None, modules: Iterable[Btf]) -> None:
        self._btf = btf
        self._formats = formats
        self._modules = modules
        self._templates = Templates(btf)

    def find(self, category: str, name: str, required: frozenset[str]) -> Tracepoint | None:
        """The event, or None: unknown, or known to be of another category."""
        event = self._formats.get(category, name) if self._formats else None
        if event is None and self._elsewhere(name):
            return None
        for templates in self._everywhere():
            possible = [
                _tracepoint(templates.btf, category, name, template, event)
                for template in templates.candidates(category, name)
            ]
            if possible:
                return _likeliest(possible, event, required)
        if event is None:
            return None
        fields = format_fields(self._btf, event.fields)
        return Tracepoint(category, name, self._btf, None, None, fields)

    def events(self, category: str) -> list[str]:
        """Names of the category's events, sorted; empty without formats."""
        return self._formats.events(category) if self._formats else []

    def suggestions(self, category: str, name: str) -> list[str]:
        """The same name elsewhere, else like names: of the category, of categories of like name.

        Without formats: like names, with the category as the script has it.
        """
        elsewhere = self._elsewhere(name)
        if elsewhere:
            return [f"{other}:{name}" for other in elsewhere]
        if not self._formats:
            return [f"{category}:{other}" for other in close_names(name, self._templates.events())]
        known = self._formats.categories()
        near = [category] if category in known else close_names(category, known)
        return [
            f"{other}:{event}"
            for other in near
            for event in close_names(name, self._formats.events(other))
        ]

    def _elsewhere(self, name: str) -> list[str]:
        return self._formats.categories_of(name) if self._formats else []

    def _everywhere(self) -> Iterator[Templates]:
        yield self._templates
        yield from self._module_templates

    @cached_property
    def _module_templates(self) -> list[Templates]:
        return [Templates(btf) for btf in self._modules]


def _tracepoint(
    btf: Btf, category: str, name: str, template: str, event: EventFormat | None
) -> Tracepoint:
    struct_id = btf.find(BtfKind.STRUCT, STRUCT_PREFIX + template)
    assert struct_id is not None
    struct = btf.type(struct_id)
    assert isinstance(struct, Struct)
    fields = struct_fields(btf, struct, event.fields if event else ())
    return Tracepoint(category, name, btf, struct.name, struct_id, fields)


def _likeliest(
    possible: list[Tracepoint], event: EventFormat | None, required: frozenset[str]
) -> Tracepoint:
    """The format decides if it can; then the fields that the script uses; then the order."""
    agreeing = [each for each in possible if event and agrees(each.fields, event.fields)]
    remaining = agreeing or possible
    return next((each for each in remaining if each.has_fields(required)), remaining[0])
