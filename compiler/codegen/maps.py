"""Maps of the script: keys, reading, assigning, changing in place."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import llvmlite.ir as ir
from aotrace.compiler.builtins import BY_NAME
from aotrace.compiler.builtins.record import STATE_SIZE, AggregateFunction
from aotrace.compiler.codegen import failures
from aotrace.compiler.codegen.scratch import CPUS_SETTING
from aotrace.compiler.emitter import Reg
from aotrace.compiler.syntax.nodes import Expr, MapAccess, MapRef
from aotrace.compiler.types import Aggregate, Type

if TYPE_CHECKING:
    from aotrace.compiler.codegen.emit import ProgramEmitter

_ANY, _NOEXIST = 0, 1  # BPF_ANY, BPF_NOEXIST
_I64 = ir.IntType(64)
_SCALAR_KEY = 4  # bytes; a map without keys has one entry under u32 0


def key(e: ProgramEmitter, access: MapAccess | MapRef) -> Reg:
    """Address of the key that an access denotes, padding zeroed."""
    if isinstance(access, MapRef):
        return e.shared.module.zeros(_SCALAR_KEY)
    return key_of(e, access.map, access.key)


def key_of(e: ProgramEmitter, ref: MapRef, written: Expr) -> Reg:
    """Address of a key given as an expression."""
    kind = e.shared.plan.maps[ref.name].key
    assert kind is not None  # the map is keyed
    slot = e.slot(kind.size)
    e.into(written, slot, kind)
    return slot


def ref_of(target: MapAccess | MapRef) -> MapRef:
    return target.map if isinstance(target, MapAccess) else target


def value_type(e: ProgramEmitter, target: MapAccess | MapRef) -> Type:
    return e.shared.plan.maps[ref_of(target).name].value


def found(e: ProgramEmitter, target: MapAccess | MapRef) -> Reg:
    """Address of the value, or of zeros where the key is not there. Not to be written to."""
    ref = ref_of(target)
    size = value_type(e, target).size
    address = e.helper("map_lookup_elem", e.map(ref), key(e, target))
    missing = e.fn.is_null(address)
    with e.fn.if_(missing):
        _tell_missing(e)
    return e.ir.select(missing, e.shared.module.zeros(size), address)


def read(e: ProgramEmitter, target: MapAccess | MapRef) -> Reg:
    """A scalar value; 0 where the key is not there."""
    ref, kind = ref_of(target), value_type(e, target)
    if isinstance(kind, Aggregate):
        return merged(e, ref, key(e, target), kind)
    address = e.helper("map_lookup_elem", e.map(ref), key(e, target))
    result = e.slot(8)
    e.store(result, 0, 8, e.const(0))
    with e.if_else(address) as (there, missing):
        with there:
            e.store(result, 0, 8, e.load(address, 0, kind.size, getattr(kind, "signed", False)))
        with missing:
            _tell_missing(e)
    return e.load(result, 0, 8)


def _tell_missing(e: ProgramEmitter) -> None:
    e.shared.failures.tell(e, "map_lookup_elem", e.const(0), failures.ALL)


def merged(e: ProgramEmitter, ref: MapRef, at: Reg, kind: Aggregate) -> Reg:
    """The number that the values of all CPUs come to."""
    state = e.slot(STATE_SIZE)
    record = _merge_into(e, ref, at, kind, state)
    assert record.result  # inferred: it is read as an integer
    return record.result(e, kind, state)


def merged_into(e: ProgramEmitter, access: MapAccess, target: Reg) -> None:
    """What they come to where that is no number: the form is that of one CPU's value."""
    kind = value_type(e, access)
    assert isinstance(kind, Aggregate)  # checked
    state = e.slot(STATE_SIZE)
    _merge_into(e, access.map, key(e, access), kind, state)
    e.copy(target, state, kind.size)


def _merge_into(
    e: ProgramEmitter, ref: MapRef, at: Reg, kind: Aggregate, state: Reg
) -> AggregateFunction:
    """The values of all CPUs in one state (bpf_map_lookup_percpu_elem: Linux 5.19)."""
    record = BY_NAME[kind.name]
    assert isinstance(record, AggregateFunction)
    assert record.merge  # inferred: it is read
    cpu = e.fn.stack_slot(8)
    e.zero(state, STATE_SIZE)
    e.store(cpu, 0, 8, e.const(0))
    head, body, end = (e.fn.new_block(name) for name in ("cpus", "cpu", "merged"))
    e.ir.branch(head)
    e.ir.position_at_end(head)
    number = e.load(cpu, 0, 8)
    e.ir.cbranch(e.truth(e.op("ult", number, e.setting(CPUS_SETTING))), body, end)
    e.ir.position_at_end(body)
    address = e.helper("map_lookup_percpu_elem", e.map(ref), at, number)
    with e.if_else(address) as (there, missing):
        with there:
            record.merge(e, kind, state, address)
        with missing, e.if_(e.op("eq", number, 0)):
            e.shared.failures.tell(e, "map_lookup_percpu_elem", e.const(0))
    e.store(cpu, 0, 8, e.op("add", number, 1))
    e.ir.branch(head)
    e.ir.position_at_end(end)
    return record


def assign(e: ProgramEmitter, target: MapAccess | MapRef, value: Expr) -> None:
    """`@m[k] = value`."""
    ref, kind = ref_of(target), value_type(e, target)
    slot = e.slot(kind.size)
    e.into(value, slot, kind)
    e.helper("map_update_elem", e.map(ref), key(e, target), slot, _ANY)


def store_scalar(e: ProgramEmitter, target: MapAccess | MapRef, value: Reg) -> None:
    """As assign, with a value at hand."""
    ref, kind = ref_of(target), value_type(e, target)
    slot = e.slot(8)
    e.store(slot, 0, kind.size, value)
    e.helper("map_update_elem", e.map(ref), key(e, target), slot, _ANY)


@contextmanager
def entry(e: ProgramEmitter, ref: MapRef, at: Reg, is_read: bool = False) -> Iterator[Reg]:
    """The value's address for changing it in place; an entry of zeros is made where there is none.

    What is written within is skipped when the map is full. is_read: what was there counts.
    """
    map_ = e.map(ref)
    size = e.shared.plan.maps[ref.name].value.size
    first = e.helper("map_lookup_elem", map_, at)
    if e.shared.plan.maps[ref.name].record.fixed:
        with e.if_(first):
            yield first
        return
    before = e.ir.block
    missing, ready = e.fn.new_block("missing"), e.fn.new_block("ready")
    e.ir.cbranch(e.fn.is_null(first), missing, ready)
    e.ir.position_at_end(missing)
    if is_read:
        _tell_missing(e)
    result = e.fn.helper("map_update_elem", map_, at, e.shared.module.zeros(size), _I64(_NOEXIST))
    second = e.helper("map_lookup_elem", map_, at)
    with e.fn.if_(e.fn.is_null(second)):  # it may fail because another CPU was faster
        e.shared.failures.tell(e, "map_update_elem", result)
    made = e.ir.block
    e.ir.branch(ready)
    e.ir.position_at_end(ready)
    address = e.ir.phi(ir.PointerType())
    address.add_incoming(first, before)
    address.add_incoming(second, made)
    with e.if_(address):
        yield address


@contextmanager
def summed(e: ProgramEmitter, ref: MapRef, at: Reg, first: bytes) -> Iterator[Reg]:
    """As entry, of values per CPU, of which `first` is what the first change makes, if it is known.

    Then it is put where no entry is; if another CPU was faster, into this CPU's part of its entry.
    """
    if not first or e.shared.plan.maps[ref.name].record.fixed:
        with entry(e, ref, at) as address:
            yield address
        return
    map_ = e.map(ref)
    found = e.helper("map_lookup_elem", map_, at)
    with e.if_else(found) as (there, missing):
        with there:
            yield found
        with missing:
            e.helper("map_update_elem", map_, at, e.blob(first), _ANY)
