"""Memory, maps, events, settings and subprograms of hand-built modules, on the running kernel."""

from __future__ import annotations

import os
import struct

import pytest
from aotrace.compiler.codegen.function import I8, I64, PTR, FunctionBuilder
from aotrace.compiler.codegen.helpers import MapType
from aotrace.compiler.codegen.module import ModuleBuilder
from aotrace.runtime.values.aggregates import CountKind
from aotrace.runtime.values.composite import TupleKind
from aotrace.runtime.values.ints import IntKind
from aotrace.runtime.values.net import InetKind

from tests.object.loaded import LoadError, loaded
from tests.object.script import SECTION, U64, build, own_pid_only, place

pytestmark = [pytest.mark.needs("root", "bpf", "btf", "libbpf"), pytest.mark.live]

OWN_PID = {0: os.getpid().to_bytes(8, "little")}
CPUS = os.sysconf("SC_NPROCESSORS_CONF")


def start(module: ModuleBuilder, name: str = "program") -> FunctionBuilder:
    f = module.program(name, SECTION, place("tracepoint"))
    own_pid_only(f)
    return f


@pytest.mark.parametrize("size", [1, 6, 24, 32, 40, 100, 128, 129, 200, 1000, 4096])
@pytest.mark.parametrize("shift", [0, 1, 4])
def test_events_carry_copied_and_zeroed_memory(size: int, shift: int) -> None:
    text = bytes(1 + i % 250 for i in range(size))

    def write(module: ModuleBuilder) -> None:
        ring = module.map("events", MapType.RINGBUF, None, None, 1 << 16)
        f = start(module)
        slot, empty = (f.offset(f.slot(size + shift), shift) for _ in range(2))
        f.copy(slot, module.constant_bytes(text), size)
        f.copy(empty, slot, size)
        f.zero(empty, size)
        record = f.helper("ringbuf_reserve", ring, 2 * size, 0)
        with f.if_(f.is_null(record)):
            f.return_(0)
        f.copy(record, slot, size)
        f.copy(f.offset(record, size), empty, size)
        f.helper("ringbuf_submit", record, 0)

    with loaded(build(write), OWN_PID) as running:
        os.getppid()
        assert running.records("events") == [text + bytes(size)]


def test_keys_and_values_of_a_map_have_the_layout_of_their_kinds() -> None:
    key = TupleKind([IntKind(4, True), InetKind()])

    def write(module: ModuleBuilder) -> None:
        counts = module.map("at_counts", MapType.PERCPU_HASH, key, CountKind(), 16)
        f = start(module)
        slot = f.slot(key.size)
        f.zero(slot, key.size)
        f.ir.store(I8(7), f.offset(slot, key.offsets[1] + InetKind.address_offset))
        found = f.helper("map_lookup_elem", counts, slot)
        with f.if_else(f.is_null(found)) as (new, known):
            with new:
                one = f.slot(8)
                f.ir.store(I64(1), one)
                f.helper("map_update_elem", counts, slot, one, 0)
            with known:
                f.ir.store(f.ir.add(f.load(found, 8), I64(1)), found)

    with loaded(build(write), OWN_PID) as running:
        for _ in range(5):
            os.getppid()
        raw = running.lookup("at_counts", struct.pack("=iiQ16s", 0, 0, 0, b"\7"), CPUS)
        assert raw is not None
        assert sum(struct.unpack(f"={CPUS}Q", raw)) == 5


def test_programs_have_scratch_memory_of_their_own() -> None:
    def write(module: ModuleBuilder) -> None:
        for number, size in enumerate((300, 2000, 64)):
            f = start(module, f"program_{number}")
            slot, counter = f.slot(size), module.counter(f"seen_{number}")
            f.ir.store(f.load(slot, 8), counter)
            f.ir.store(I64(number + 1), slot)

    with loaded(build(write), OWN_PID) as running:
        cpu = {next(iter(os.sched_getaffinity(0)))}
        before = os.sched_getaffinity(0)
        os.sched_setaffinity(0, cpu)
        os.getppid()
        os.getppid()
        os.sched_setaffinity(0, before)
        assert [running.bss(8 * i) for i in range(3)] == [1, 2, 3]


def test_many_small_slots_stay_within_the_stack() -> None:
    def write(module: ModuleBuilder) -> None:
        total = module.counter("total")
        f = start(module)
        slots = [f.slot(16) for _ in range(64)]
        for number, slot in enumerate(slots):
            f.zero(slot, 16)
            f.helper("probe_read_kernel", slot, 8, module.constant_bytes(bytes([number] * 8)))
            f.helper("probe_read_kernel", f.offset(slot, 8), 8, slot)
        for slot in slots:
            f.ir.store(
                f.ir.add(f.load(total, 8), f.ir.zext(f.load(f.offset(slot, 15), 1), I64)), total
            )

    with loaded(build(write), OWN_PID) as running:
        os.getppid()
        assert running.bss(0) == sum(range(64))


def test_subprograms_and_callbacks() -> None:
    def write(module: ModuleBuilder) -> None:
        total = module.counter("total")
        numbers = module.map("numbers", MapType.ARRAY, None, U64, 4)
        weigh = module.subprogram("weigh", [("number", I64), ("place", PTR)], I64, place("@result"))
        weigh.ir.store(weigh.ir.mul(weigh.params[0], I64(3)), weigh.params[1])
        weigh.return_(1)
        params = [("map", PTR), ("key", PTR), ("value", PTR), ("context", PTR)]
        each = module.subprogram("each", params, I64, place("@result"))
        key = each.ir.zext(each.load(each.params[1], 4), I64)
        each.ir.store(each.ir.add(each.load(total, 8), key), total)
        f = start(module)
        slot = f.slot(8)
        added = f.call(weigh, f.helper("get_smp_processor_id"), slot)
        f.ir.store(f.ir.add(added, f.ir.sub(f.load(slot, 8), f.load(slot, 8))), total)
        f.helper("for_each_map_elem", numbers, each.function, I64(0), 0)

    with loaded(build(write), OWN_PID) as running:
        os.getppid()
        assert running.bss(0) == 1 + 0 + 1 + 2 + 3


def test_settings_are_known_to_the_verifier() -> None:
    """What a setting switches off may even be what the verifier would refuse."""

    def write(module: ModuleBuilder) -> None:
        result = module.counter("result")
        f = start(module)
        with f.if_(f.ir.icmp_unsigned("!=", f.load(module.setting("--wild", U64), 8), I64(0))):
            f.ir.store(I64(1), f.ir.inttoptr(f.helper("get_current_task"), PTR))
        f.ir.store(I64(1), result)

    data = build(write)
    with loaded(data, OWN_PID) as running:
        os.getppid()
        assert running.bss(0) == 1
    with pytest.raises(LoadError, match="invalid mem access 'scalar'"), loaded(data, {8: b"\1"}):
        pass


def test_verifier_quotes_the_script() -> None:
    def write(module: ModuleBuilder) -> None:
        f = module.program("bad", SECTION, place("tracepoint"))
        with f.at(place("@result = $parent->tgid;")):
            address = f.ir.inttoptr(f.helper("get_current_task"), PTR)
            f.ir.store(f.load(address, 8), module.counter("result"))

    with pytest.raises(LoadError) as refused, loaded(build(write)):
        pass
    assert "; @result = $parent->tgid;" in str(refused.value)


def test_return_in_the_middle_leaves_dead_code_behind() -> None:
    def write(module: ModuleBuilder) -> None:
        result = module.counter("result")
        f = start(module)
        f.ir.store(I64(1), result)
        f.return_(0)
        with f.if_(f.is_null(f.ctx)):
            f.ir.store(I64(2), result)
        f.ir.store(I64(3), result)

    with loaded(build(write), OWN_PID) as running:
        os.getppid()
        assert running.bss(0) == 1
