"""Renderings for --emit types and --emit plan."""

from __future__ import annotations

import json

from aotrace.compiler.sema.plan import Plan
from aotrace.compiler.sema.units import Unit


def dump_types(units: list[Unit]) -> str:
    """Each probe's expressions with their types, in source order."""
    lines = []
    for unit in units:
        lines.append(unit.probe.text)
        entries = [
            (n.span.start, n.span, kind) for n, kind in unit.types.items() if str(kind) != "none"
        ]
        for _, span, kind in sorted(entries, key=lambda entry: (entry[0], -entry[1].end)):
            text = " ".join(span.text.split())
            lines.append(f"  {span.line}:{span.column:<4} {text:<40} {kind}")
    return "\n".join(lines)


def dump_plan(plan: Plan) -> str:
    """Maps, events and programs as the metadata will have them."""
    record = {
        "maps": [planned.record.dump() for planned in plan.maps.values()],
        "events": [event.dump() for event in plan.events],
        "programs": [planned.record.dump() for planned in plan.programs],
    }
    return json.dumps(record, indent=2)
