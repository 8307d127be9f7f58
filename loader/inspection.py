"""What an object contains, for people and for programs: `aotrace inspect`."""

from __future__ import annotations

import sys

from aotrace.loader import objectfile, parameters

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from aotrace.loader.objectfile import ObjectFile
    from aotrace.loader.options import Options
    from aotrace.runtime.metadata import Event, Map, Metadata


def show(options: Options) -> int:
    """Print the description of an object; the exit status. Raises ObjectError."""
    file = objectfile.read(options.object)
    description = describe(file, file.metadata())
    if options.json:
        import json

        text = json.dumps(description, indent=2) + "\n"
    else:
        text = render(description)
    sys.stdout.write(text)
    return 0


def usage(path: str) -> str:
    """How to run an object: the head of its help. Raises ObjectError."""
    meta = objectfile.read(path).metadata()
    described = parameters.describe(meta)
    text = f"usage: aotrace run {path} [options]{' [-- parameters]' if described else ''}\n"
    if not described:
        return f"{text}\n{meta.script} takes no parameters\n"
    return text + "\n".join(["", f"parameters of {meta.script}:", *parameters.lines(described), ""])


def describe(file: ObjectFile, meta: Metadata) -> dict[str, Any]:
    """Everything, as JSON has it."""
    return {
        "object": file.path,
        "bytes": len(file.image),
        "script": meta.script,
        "producer": meta.producer,
        "arch": meta.arch,
        "license": meta.license,
        "probes": [_probe(p) for p in meta.programs],
        "maps": [_map(m) for m in meta.maps],
        "events": [_event(number, e) for number, e in enumerate(meta.events)],
        "parameters": parameters.describe(meta),
        "settings": [{"name": s.name, "type": s.kind.type_name()} for s in meta.settings],
        "config": meta.config,
        "helpers": meta.helpers,
        "kernel": _kernel_types(meta),
    }


def _probe(program: Any) -> dict[str, Any]:
    fields = ("probe", "line", "mechanism", "target", "section", "name")
    return {field: getattr(program, field) for field in fields}


def _map(record: Map) -> dict[str, Any]:
    """Bytes of an entry; of the whole map, for each CPU where it has a value for each."""
    key_size = record.key.size if record.key else 4
    return {
        "map": record.label,
        "name": record.name,
        "key": record.key.type_name() if record.key else None,
        "value": record.value.type_name(),
        "key_bytes": key_size,
        "value_bytes": record.value.size,
        "per_cpu": record.per_cpu,
        "max_entries": record.max_entries,
        "bytes": record.max_entries * (key_size + record.value.size),
    }


def _event(number: int, event: Event) -> dict[str, Any]:
    return {
        "id": number,
        "action": event.action,
        "line": event.line,
        "bytes": event.size,
        "args": [{"offset": offset, "type": kind.type_name()} for offset, kind in event.args],
        "details": event.details,
    }


def _kernel_types(meta: Metadata) -> dict[str, list[str]]:
    """The relocated fields of each kernel type."""
    types: dict[str, list[str]] = {}
    for root, path in meta.core:
        types.setdefault(root, []).append(path)
    return types


def render(description: dict[str, Any]) -> str:
    """The description as text."""
    head = ("object", "script", "producer", "arch", "license")
    sections = (
        [f"{field + ':':<12}{description[field]}" for field in head],
        ["", "probes:", *(f"  {p['probe']}  (line {p['line']})" for p in description["probes"])],
        ["", "maps:", *map(_map_line, description["maps"])],
        ["", "events:", *map(_event_line, description["events"])],
        ["", "parameters:", *parameters.lines(description["parameters"])],
        ["", "settings:", *(f"  {s['name']} {s['type']}" for s in description["settings"])],
        ["", "helpers:", *(f"  {helper}" for helper in description["helpers"])],
        ["", "kernel types and fields:", *map(_type_line, description["kernel"].items())],
    )
    kept = (lines for lines in sections if len(lines) > 2)
    return "".join(f"{line}\n" for lines in kept for line in lines)


def _map_line(record: dict[str, Any]) -> str:
    key = f"[{record['key']}]" if record["key"] else ""
    each = " for each CPU" if record["per_cpu"] else ""
    return (
        f"  {record['map']}{key}: {record['value']}  "
        f"(at most {record['max_entries']} entries, {record['bytes']} bytes{each})"
    )


def _event_line(event: dict[str, Any]) -> str:
    details = ", ".join(f"{name} {value!r}" for name, value in event["details"].items())
    types = ", ".join(arg["type"] for arg in event["args"])
    return (
        f"  {event['id']} {event['action']}({types})  "
        f"(line {event['line']}, {event['bytes']} bytes{', ' if details else ''}{details})"
    )


def _type_line(entry: tuple[str, list[str]]) -> str:
    root, paths = entry
    return f"  {root}: {', '.join(paths)}"
