"""The plan: maps, events, settings and programs, laid out for codegen and for the metadata."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from aotrace.compiler.builtins.record import (
    EventFunction,
    EventSpec,
    Function,
    LoadParameter,
    MapFunction,
    ProbeContext,
    Site,
)
from aotrace.compiler.config import Config
from aotrace.compiler.diagnostics import Diagnostics
from aotrace.compiler.kernel.btf import Btf
from aotrace.compiler.sema.infer import Inference, MapTypes, site_of
from aotrace.compiler.sema.mapdecls import DeclaredMap
from aotrace.compiler.sema.names import Names
from aotrace.compiler.sema.tables import NodeTable
from aotrace.compiler.sema.units import Unit
from aotrace.compiler.syntax.nodes import Call, MapAccess, MapRef
from aotrace.compiler.syntax.walk import walk
from aotrace.compiler.types import NONE, Aggregate, Type
from aotrace.runtime import metadata
from aotrace.runtime.wire import place_record

_UNSAFE = re.compile(r"[^A-Za-z0-9_]")
_PROGRAM_NAME = 15  # BPF_OBJ_NAME_LEN less its NUL: what the kernel shows of a name


@dataclass(frozen=True)
class PlannedMap:
    """One map: its record in the metadata, its types, the kind of BPF map that it is."""

    record: metadata.Map
    map_type: str
    key: Type | None
    value: Type


@dataclass(frozen=True)
class PlannedEvent:
    """One event of one call: its id, what it sends, where each argument lies in the record."""

    index: int
    spec: EventSpec
    types: tuple[Type, ...]
    offsets: tuple[int, ...]
    size: int


@dataclass(frozen=True)
class PlannedProgram:
    """One program. number: that of its first member, where the target says which it has."""

    number: int
    unit: Unit
    record: metadata.Program
    #: what each call may send
    events: NodeTable[tuple[PlannedEvent, ...]]


@dataclass
class Plan:
    maps: dict[str, PlannedMap] = field(default_factory=dict)
    events: list[metadata.Event] = field(default_factory=list)
    programs: list[PlannedProgram] = field(default_factory=list)
    #: what the loader sets for the script, by the setting's name
    parameters: dict[str, LoadParameter] = field(default_factory=dict)
    #: functions it uses that can do harm
    unsafe: set[str] = field(default_factory=set)

    def map_index(self, name: str) -> int:
        return list(self.maps).index(name)


def make_plan(
    units: list[Unit], names: Names, found: Inference,
    declared: Mapping[str, DeclaredMap], btf: Btf, config: Config,
) -> Plan:  # fmt: skip
    """Lay out everything that the programs share and that the loader must know."""
    plan = Plan()
    asked = _asked_for_keys(units, names)
    for name, types in found.maps.items():
        plan.maps[name] = _plan_map(name, types, declared.get(name), name in asked, config)
    planner = _Planner(plan, names, btf, config)
    for number, unit in enumerate(units):
        plan.programs.append(planner.program(number, unit))
    return plan


def _asked_for_keys(units: list[Unit], names: Names) -> set[str]:
    """The maps whose entries a program deletes or looks for."""
    return {
        ref.name
        for unit in units
        for node in walk(unit.node)
        if isinstance(entry := names.entries.get(node), MapFunction) and entry.emit
        for ref in walk(node)
        if isinstance(ref, MapRef)
    }


def _plan_map(
    name: str, types: MapTypes, declared: DeclaredMap | None, asked: bool, config: Config
) -> PlannedMap:
    """A scalar map that each CPU sums up for itself is an array, which is faster than a hash, if
    its bytes tell whether it has a value; all else is a hash."""
    symbol = f"at_{name}" if name else "at"
    entries = config.max_map_keys if types.keyed else 1
    entries = declared.max_entries if declared else entries
    per_cpu = isinstance(types.value, Aggregate)
    key = types.key if types.keyed else None
    kind = types.value.kind
    fixed = per_cpu and kind.leaves_trace and not (types.keyed or declared or asked)
    record = metadata.Map(
        symbol, f"@{name}", key.kind if key else None, kind, entries, per_cpu, fixed
    )
    usual = "PERCPU_ARRAY" if fixed else "PERCPU_HASH" if per_cpu else "HASH"
    return PlannedMap(record, declared.map_type if declared else usual, key, types.value)


class _Planner:
    def __init__(self, plan: Plan, names: Names, btf: Btf, config: Config) -> None:
        self.plan = plan
        self.names = names
        self.btf = btf
        self.config = config
        self.known: dict[str, int] = {}
        self.groups: dict[int, int] = {}  # id of a probe's node -> its number

    def group(self, unit: Unit) -> int | None:
        """The number of the unit's probe, if that has several attach points."""
        number = self.groups.setdefault(id(unit.node), len(self.groups))
        return number if len(unit.node.points) > 1 else None

    def program(self, number: int, unit: Unit) -> PlannedProgram:
        probe = unit.probe
        name = f"p{number}_{_UNSAFE.sub('_', probe.text.split(':')[-1])}"[:_PROGRAM_NAME]
        record = metadata.Program(
            name, probe.section, probe.text, probe.mechanism, probe.located(),
            unit.point.span.script_line, [list(part) for part in probe.point] or None,
            probe.wildcard or None, self.group(unit),
        )  # fmt: skip
        events: NodeTable[tuple[PlannedEvent, ...]] = NodeTable()
        for node in unit.live():
            if not isinstance(node, Call):
                continue
            if getattr(self.names.entries.get(node), "unsafe", False):
                self.plan.unsafe.add(node.name)
            line, specs = node.span.script_line, self.specs(node, unit)
            if specs:
                events[node] = tuple(self.event(spec, unit, line) for spec in specs)
        return PlannedProgram(number, unit, record, events)

    def specs(self, node: Call, unit: Unit) -> tuple[EventSpec, ...]:
        """What a call may send."""
        entry = self.names.entries.get(node)
        if isinstance(entry, MapFunction) and entry.event:
            target = node.args[0]
            ref = target.map if isinstance(target, MapAccess) else target
            assert isinstance(ref, MapRef)  # checked
            return (entry.event(ref),)
        if isinstance(entry, EventFunction):
            return (entry.event(self.site(node, unit)),)
        if isinstance(entry, Function) and entry.events:
            return entry.events(self.site(node, unit))
        return ()

    def site(self, node: Call, unit: Unit) -> Site:
        context = ProbeContext(unit.probe, self.btf, self.config)
        return site_of(node, unit, context, Diagnostics())

    def event(self, spec: EventSpec, unit: Unit, line: int) -> PlannedEvent:
        types = (*(unit.types.get(arg) or NONE for arg in spec.args), *spec.made)
        kinds = [kind.kind for kind in types]
        placement = place_record((kind.size, kind.align) for kind in kinds)
        details = dict(spec.details)
        if spec.map is not None:
            details["map"] = self.plan.map_index(spec.map.name)
        args = list(zip(placement.offsets, kinds, strict=True))
        record = metadata.Event(spec.action, placement.size, args, details, line)
        index = self.index(record)
        return PlannedEvent(index, spec, types, placement.offsets, placement.size)

    def index(self, record: metadata.Event) -> int:
        """Equal records share an id: the same call at several attach points."""
        key = repr(record.dump())
        if key not in self.known:
            self.known[key] = len(self.plan.events)
            self.plan.events.append(record)
        return self.known[key]
