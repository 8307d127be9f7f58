"""All names of the language, from their records: for `list-builtins` and the docs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from aotrace.compiler.builtins import ENTRIES
from aotrace.compiler.builtins.record import (
    AggregateFunction,
    Builtin,
    Entry,
    EventFunction,
    Function,
    MapFunction,
    Parameter,
)
from aotrace.compiler.frozen import dataclass
from aotrace.compiler.probes import KINDS
from aotrace.runtime import values

MARKDOWN_HEAD = """# Reference

Everything that the language brings along, as its records say it. Written by `make reference` from
`aotracec list-builtins --markdown`; `make check` fails where it is out of date.
[compatibility.md](compatibility.md) says how each compares with bpftrace's.
"""
_SHAPES: tuple[tuple[type, str, str], ...] = (
    (Builtin, "builtin", "Builtins"),
    (Function, "function", "Functions"),
    (EventFunction, "event", "Functions done in user space"),
    (MapFunction, "map", "Functions on maps"),
    (AggregateFunction, "aggregate", "Aggregations"),
)


@dataclass(frozen=True)
class Line:
    """One name: its family, how it is written, what it is."""

    family: str
    title: str
    name: str
    form: str
    doc: str
    aliases: tuple[str, ...] = ()


def lines() -> list[Line]:
    """Of every record, family by family; within one by name."""
    found = [
        _entry_line(entry, shape, family, title)
        for shape, family, title in _SHAPES
        for entry in sorted(ENTRIES, key=lambda e: e.name)
        if isinstance(entry, shape)
    ]
    found += [
        Line("probe", "Probe types", kind.name, kind.form, kind.doc, kind.aliases) for kind in KINDS
    ]
    found += [
        Line("value", "Kinds of values", kind.tag, _parameters_of(kind), first_line(kind))
        for kind in values.KINDS
    ]
    return found


def first_line(described: Any) -> str:
    """What a class or a function says of itself, in its first line."""
    return str(described.__doc__ or "").strip().partition("\n")[0]


def as_text() -> str:
    """For people: a family after another."""
    blocks = []
    for title, family in _by_title():
        width = max(len(line.form) for line in family)
        width = min(width, 44)
        rows = (f"  {line.form:<{width}}  {line.doc}{_also(line.aliases)}" for line in family)
        blocks.append("\n".join([f"{title}:", *rows]))
    return "\n\n".join(blocks)


def as_json() -> str:
    """For programs: one object for each name."""
    fields = ("family", "name", "form", "doc", "aliases")
    records = [{field: getattr(line, field) for field in fields} for line in lines()]
    return json.dumps(records, indent=2)


def as_markdown() -> str:
    """docs/reference.md."""
    parts = [MARKDOWN_HEAD]
    for title, family in _by_title():
        rows = (
            f"| `{_cell(line.form)}` | {_cell(line.doc + _also(line.aliases, '`'))} |"
            for line in family
        )
        parts.append("\n".join([f"## {title}\n", "|  |  |", "|---|---|", *rows, ""]))
    return "\n".join(parts)


def _by_title() -> Iterable[tuple[str, list[Line]]]:
    titles: dict[str, list[Line]] = {}
    for line in lines():
        titles.setdefault(line.title, []).append(line)
    return titles.items()


def _entry_line(entry: Entry, shape: type, family: str, title: str) -> Line:
    return Line(family, title, entry.name, _form(entry), entry.doc)


def _form(entry: Entry) -> str:
    if isinstance(entry, Builtin):
        return entry.name
    if isinstance(entry, MapFunction):
        return f"{entry.name}(@map, key)" if entry.keyed else f"{entry.name}(@map)"
    return f"{entry.name}({', '.join(map(_parameter, entry.parameters))})"


def _parameter(parameter: Parameter) -> str:
    name = f"{parameter.name}, …" if parameter.many else parameter.name
    return f"[{name}]" if parameter.optional else name


def _parameters_of(kind: type[values.Kind]) -> str:
    return f"{kind.tag}({', '.join(kind.fields)})" if kind.fields else kind.tag


def _also(aliases: Sequence[str], quote: str = "") -> str:
    return f" Also {', '.join(quote + alias + quote for alias in aliases)}." if aliases else ""


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
