"""The text of one tracepoint's `format` file, parsed.

What writes it: kernel, kernel/trace/trace_events.c (f_show).
"""

from __future__ import annotations

import re
from typing import NamedTuple

from .errors import KernelDataError

_NAME = re.compile(r"^name: (\S+)$", re.MULTILINE)
_FIELD = re.compile(r"\tfield:(.+?);\toffset:(\d+);\tsize:(\d+);(?:\tsigned:([01]);)?")
_DECLARATION = re.compile(r"(?:(__data_loc|__rel_loc) )?(.*?)(\w+)((?:\[[^\]]*\])*)")
_LOCATIONS = {None: "plain", "__data_loc": "data_loc", "__rel_loc": "rel_loc"}


class FormatField(NamedTuple):
    """One field; ctype has no name but keeps '[]' dimensions; offset and size are in bytes.

    location is 'plain', or 'data_loc' or 'rel_loc' when the field is a u32 that says where
    the data lies.
    """

    name: str
    ctype: str
    offset: int
    size: int
    signed: bool
    location: str


class EventFormat(NamedTuple):
    """One event; common fields are left out, they are the same for all."""

    name: str
    fields: tuple[FormatField, ...]


def parse_format(text: str) -> EventFormat:
    """Read the text of one `format` file; KernelDataError if it is not one."""
    name = _NAME.search(text)
    if not name or "\nformat:" not in text:
        raise KernelDataError(
            "not a tracepoint format",
            "give a file such as /sys/kernel/tracing/events/sched/sched_switch/format",
        )
    lines = (line for line in text.splitlines() if line.startswith("\tfield:"))
    fields = (_parse_field(line) for line in lines)
    return EventFormat(name[1], tuple(f for f in fields if not f.name.startswith("common_")))


def _parse_field(line: str) -> FormatField:
    match = _FIELD.match(line)
    if not match:
        raise KernelDataError(f"malformed tracepoint format: {line.strip()!r}")
    text, offset, size, signed = match.groups()
    name, ctype, location = _parse_declaration(text)
    return FormatField(name, ctype, int(offset), int(size), signed == "1", location)


def _parse_declaration(text: str) -> tuple[str, str, str]:
    pointer = re.search(r"\(\*(\w+)\)", text)
    if pointer:  # a pointer to a function: its name stands in the middle
        return pointer[1], text.replace(pointer[1], "", 1), "plain"
    match = _DECLARATION.fullmatch(text)
    if not match:
        raise KernelDataError(f"malformed tracepoint format: field {text!r}")
    location, ctype, name, dimensions = match.groups()
    return name, ctype.strip() + dimensions, _LOCATIONS[location]
