"""From plan to module: shared globals, then one BPF program per planned program."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import field
from itertools import count
from typing import TYPE_CHECKING, Any

from aotrace.compiler.builtins.process import ids_here
from aotrace.compiler.codegen import place
from aotrace.compiler.codegen.failures import Failures
from aotrace.compiler.codegen.function import I32, FunctionBuilder
from aotrace.compiler.codegen.helpers import MapType
from aotrace.compiler.codegen.module import ModuleBuilder
from aotrace.compiler.codegen.scratch import ScratchFull
from aotrace.compiler.config import Config
from aotrace.compiler.frozen import dataclass
from aotrace.compiler.kernel.btf import Btf
from aotrace.compiler.sema.infer import Inference
from aotrace.compiler.sema.names import Names
from aotrace.compiler.sema.plan import Plan, PlannedMap, PlannedProgram
from aotrace.compiler.sema.tables import NodeTable, Variable
from aotrace.compiler.sema.units import Unit
from aotrace.compiler.source import Source
from aotrace.runtime import metadata
from aotrace.runtime.values import IntKind

if TYPE_CHECKING:
    from aotrace.compiler.codegen.emit import ProgramEmitter

PID_SETTING = "target_pid"


@dataclass(frozen=True)
class Shared:
    """What every program of an object has in common."""

    module: ModuleBuilder
    plan: Plan
    names: Names
    found: Inference
    btf: Btf
    config: Config
    maps: dict[str, Any]
    ring: Any
    lost: Any
    failures: Failures
    numbers: Iterator[int] = field(default_factory=count)  # for names of turns' functions
    #: functions that code of a program is made of, by name; tables that they keep
    subprograms: dict[str, FunctionBuilder] = field(default_factory=dict)
    tables: dict[str, Any] = field(default_factory=dict)
    #: variables that loops carry along (turns.py), found once for a unit
    carried: dict[Unit, frozenset[Variable]] = field(default_factory=dict)
    work: NodeTable[int] = field(default_factory=NodeTable)


def generate(
    source: Source, arch: str, plan: Plan, names: Names, found: Inference, btf: Btf,
    config: Config,
) -> ModuleBuilder:  # fmt: skip
    """Build the module of one object, with more memory where the usual does not do."""
    try:
        return _generate(source, arch, plan, names, found, btf, config, wide=False)
    except ScratchFull:
        return _generate(source, arch, plan, names, found, btf, config, wide=True)


def _generate(
    source: Source, arch: str, plan: Plan, names: Names, found: Inference, btf: Btf,
    config: Config, wide: bool,
) -> ModuleBuilder:  # fmt: skip
    module = ModuleBuilder(source, config.license, arch, wide, config.on_stack_limit)
    ring = module.map(metadata.RING_BUFFER, MapType.RINGBUF, None, None, config.ring_bytes)
    lost = module.counter(metadata.LOST_COUNTER)
    maps = {name: _map(module, planned) for name, planned in plan.maps.items()}
    failures = Failures(module, len(plan.events), ring, lost)
    shared = Shared(module, plan, names, found, btf, config, maps, ring, lost, failures)
    for parameter in plan.parameters.values():  # even of what no code comes to read
        module.setting(parameter.name, parameter.kind)
    for planned in plan.programs:
        _program(shared, planned)
    return module


def _map(module: ModuleBuilder, planned: PlannedMap) -> Any:
    record = planned.record
    kind = MapType[planned.map_type]
    key = record.key or IntKind(4, False)
    return module.map(record.name, kind, key, record.value, record.max_entries)


def _program(shared: Shared, planned: PlannedProgram) -> None:
    from aotrace.compiler.codegen.emit import ProgramEmitter
    from aotrace.compiler.codegen.stmt import block

    record, node = planned.record, planned.unit.node
    fn = shared.module.program(record.name, record.section, planned.unit.point.span)
    e = ProgramEmitter(fn, shared, planned)
    probe = planned.unit.probe
    if probe.returns:
        _keep_result(e)
    if probe.element:
        _leave_at_end(e)
    if probe.kind.pid_filtered or probe.process:
        _filter_pid(e)
    if node.predicate:
        fn.at(node.predicate.span)
        with e.if_(e.op("eq", e.value(node.predicate), 0)):
            e.leave()
    block(e, node.body)


def _filter_pid(e: ProgramEmitter) -> None:
    """Leave when the loader asked for one process and this is another."""
    wanted = e.setting(PID_SETTING)
    with e.if_(wanted), e.if_(e.op("ne", _process(e), wanted)):
        e.leave()


def _process(e: ProgramEmitter) -> Any:
    """The process that an event is about: the current one, or whose task an iterator is at."""
    source = e.unit.probe.process
    if source is None:
        return e.op("lshr", ids_here(e, told=False), 32)
    task = place.settled(e, e.argument(source))
    return e.member(task, source.type.target, "tgid")  # type: ignore[attr-defined]


def _keep_result(e: ProgramEmitter) -> None:
    """The program returns what the script does, 0 by default."""
    result = e.result = e.fn.stack_slot(8)
    e.store(result, 0, 8, e.const(0))
    e.on_leave = lambda: e.fn.return_(e.ir.trunc(e.load(result, 0, 8), I32))


def _leave_at_end(e: ProgramEmitter) -> None:
    """An iterator's program runs once more, without an element, when the walk has ended."""
    element = e.unit.probe.element
    assert element is not None
    with e.if_(e.hidden(e.op("eq", e.hidden(e.argument(element)), 0))):
        e.leave()
