"""The plan: maps, events with ids, and where each argument lies in its record."""

from __future__ import annotations

from aotrace.compiler.config import Config
from aotrace.compiler.sema.plan import Plan
from aotrace.runtime.wire import HEADER_SIZE

from tests.support.compiling import analyse


def plan(script: str) -> Plan:
    return analyse(script).plan


def test_maps_are_in_the_order_of_their_first_use() -> None:
    found = plan("begin { @b = 1; @a[1] = @b; @ = count(); }")
    assert [item.record.label for item in found.maps.values()] == ["@b", "@a", "@"]
    assert [item.record.name for item in found.maps.values()] == ["at_b", "at_a", "at"]
    assert [found.map_index(name) for name in ("b", "a", "")] == [0, 1, 2]


def test_a_map_without_keys_has_one_entry() -> None:
    found = plan("begin { @a = 1; @b[1] = 1; }")
    assert found.maps["a"].record.max_entries == 1
    assert found.maps["a"].record.key is None
    assert found.maps["b"].record.max_entries == Config().max_map_keys


def test_aggregates_are_kept_per_cpu() -> None:
    found = plan("begin { @a = count(); @b = 1; }")
    assert found.maps["a"].record.per_cpu
    assert not found.maps["b"].record.per_cpu


def test_integers_take_64_bits_in_a_map_and_their_own_size_in_a_key() -> None:
    found = plan("begin { @[(uint8)1, pid] = (uint8)5; }")
    assert found.maps[""].value.size == 8
    key = found.maps[""].key
    assert key is not None
    assert str(key) == "(uint8,uint32)"
    assert key.size == 8


def test_arguments_lie_behind_the_header_and_aligned() -> None:
    found = plan('begin { printf("%d %s %d %d", (uint8)pid, comm, nsecs, (uint16)pid); }')
    ((event,),) = [sent for program in found.programs for _, sent in program.events.items()]
    assert event.size % 8 == 0
    assert all(offset >= HEADER_SIZE for offset in event.offsets)
    places = sorted(zip(event.offsets, event.types))
    assert all(offset % kind.kind.align == 0 for offset, kind in places)
    ends = [offset + kind.size for offset, kind in places]
    assert all(end <= offset for end, (offset, _) in zip(ends, places[1:]))
    assert ends[-1] <= event.size


def test_the_same_call_at_two_points_is_one_event() -> None:
    found = plan('kprobe:vfs_read, kprobe:vfs_write { printf("%d\\n", pid); }')
    assert len(found.events) == 1
    sent = [events for program in found.programs for _, events in program.events.items()]
    assert [event.index for events in sent for event in events] == [0, 0]


def test_a_call_whose_types_differ_by_point_is_two() -> None:
    found = plan('kprobe:vfs_read, kprobe:vfs_write { printf("%s\\n", probe); }')
    assert len(found.events) == 2


def test_programs_have_names_that_the_kernel_shows_whole() -> None:
    found = plan("tracepoint:syscalls:sys_enter_openat, kprobe:tcp_v4_connect+4 { exit(); }")
    names = [program.record.name for program in found.programs]
    assert names == ["p0_sys_enter_op", "p1_tcp_v4_conne"]
    assert all(len(name) <= 15 and name.replace("_", "").isalnum() for name in names)


def test_the_plan_follows_the_limits_of_the_build() -> None:
    limits = "config = { max_map_keys = 7; max_strlen = 16 }"
    found = plan(f"{limits} begin {{ @[1] = str(curtask); }}")
    assert found.maps[""].record.max_entries == 7
    assert str(found.maps[""].value) == "string[16]"
