"""Tracepoints of the fake kernel: the struct found, the fields, and what formats add."""

from __future__ import annotations

from pathlib import Path

import pytest
from aotrace.compiler.kernel.btf import Btf
from aotrace.compiler.kernel.tracepoint_fields import TracepointField
from aotrace.compiler.kernel.tracepoint_formats import Formats, open_formats
from aotrace.compiler.kernel.tracepoint_templates import Templates
from aotrace.compiler.kernel.tracepoints import Tracepoint, Tracepoints

from tests.support.btf_writer import BtfWriter
from tests.support.fake_formats import write_formats
from tests.support.fake_kernel import fake_btf, fake_module_btf, fake_writer
from tests.support.fake_tracing import event, event_class, trace_event

BTF = Btf.parse(fake_btf())


@pytest.fixture(scope="module")
def formats(tmp_path_factory: pytest.TempPathFactory) -> Formats:
    root: Path = tmp_path_factory.mktemp("events")
    write_formats(root)
    return open_formats(root)


def found(tracepoints: Tracepoints, category: str, name: str, *fields: str) -> Tracepoint:
    result = tracepoints.find(category, name, fields)
    assert result is not None
    return result


def field(tracepoint: Tracepoint, name: str) -> TracepointField:
    result = tracepoint.field(name)
    assert result is not None
    return result


def type_name(tracepoint: Tracepoint, name: str) -> str:
    type_id = field(tracepoint, name).type_id
    assert type_id is not None
    return tracepoint.btf.type(type_id).name


def test_an_event_with_a_struct_of_its_own() -> None:
    switch = found(Tracepoints(BTF), "sched", "sched_switch")
    assert switch.context_struct == "trace_event_raw_sched_switch"
    assert switch.struct_id is not None
    assert BTF.type(switch.struct_id).name == switch.context_struct
    assert [f.name for f in switch.fields] == [
        "common_type",
        "common_flags",
        "common_preempt_count",
        "common_pid",
        "prev_comm",
        "prev_pid",
        "prev_prio",
        "prev_state",
        "next_comm",
        "next_pid",
        "next_prio",
    ]


def test_fields_say_where_they_lie() -> None:
    switch = found(Tracepoints(BTF), "sched", "sched_switch")
    pid = field(switch, "prev_pid")
    assert (pid.ctype, pid.kind) == ("pid_t", "plain")
    assert (pid.offset, pid.size, pid.signed) == (24, 4, True)
    assert (pid.path, pid.bit_offset, pid.bit_size) == (("prev_pid",), 192, 0)
    assert type_name(switch, "prev_pid") == "pid_t"
    comm = field(switch, "next_comm")
    assert (comm.ctype, comm.size, comm.is_array) == ("char[16]", 16, True)
    assert (comm.elem_size, comm.count) == (1, 16)
    assert switch.field("ent") is None
    assert switch.field("__data") is None


def test_common_fields_lie_in_the_entry() -> None:
    switch = found(Tracepoints(BTF), "sched", "sched_switch")
    paths = {f.name: (f.path, f.offset, f.size) for f in switch.fields[:4]}
    assert paths == {
        "common_type": (("ent", "type"), 0, 2),
        "common_flags": (("ent", "flags"), 2, 1),
        "common_preempt_count": (("ent", "preempt_count"), 3, 1),
        "common_pid": (("ent", "pid"), 4, 4),
    }


def test_fields_that_say_where_the_data_lies() -> None:
    execed = found(Tracepoints(BTF), "sched", "sched_process_exec")
    name = field(execed, "filename")
    assert (name.kind, name.path, name.offset, name.size) == (
        "data_loc",
        ("__data_loc_filename",),
        8,
        4,
    )
    assert (name.ctype, name.is_array, name.elem_size, name.count) == ("char[]", True, 1, 0)
    assert type_name(execed, "filename") == "char"
    relative = found(Tracepoints(BTF), "fake", "fake_relative")
    assert field(relative, "label").kind == "rel_loc"
    assert field(relative, "label").path == ("__rel_loc_label",)


def test_bitfields() -> None:
    relative = found(Tracepoints(BTF), "fake", "fake_relative")
    assert (field(relative, "id").bit_offset, field(relative, "id").bit_size) == (96, 12)
    assert (field(relative, "rest").bit_offset, field(relative, "rest").bit_size) == (128, 52)


@pytest.mark.parametrize(
    ("name", "template"),
    [
        ("sched_wakeup", "sched_wakeup_template"),
        ("sched_waking", "sched_wakeup_template"),
        ("sched_wakeup_new", "sched_wakeup_template"),
        ("sched_process_free", "sched_process_template"),
        ("sched_process_exit", "sched_process_template"),
        ("tcp_destroy_sock", "tcp_event_sk"),
        ("tcp_rcv_space_adjust", "tcp_event_sk"),
        ("sys_enter", "sys_enter"),
        ("inet_sock_set_state", "inet_sock_set_state"),
    ],
)
def test_events_that_share_a_class(name: str, template: str) -> None:
    tracepoint = found(Tracepoints(BTF), "any", name)
    assert tracepoint.context_struct == f"trace_event_raw_{template}"


@pytest.mark.parametrize("name", ["nothing", "", "ent", "sched_wakeup_template"])
def test_unknown_events(name: str) -> None:
    # A class that is no event has a struct, but there is nothing to attach to.
    assert Tracepoints(BTF).find("sched", name) is None


def test_required_fields_decide_between_structs_of_one_prototype() -> None:
    tracepoints = Tracepoints(BTF)
    assert found(tracepoints, "sched", "sched_waking", "pid").context_struct == (
        "trace_event_raw_sched_wakeup_template"
    )
    # sched_process_exit has no target_cpu: only the other class could have been meant.
    other = found(tracepoints, "sched", "sched_process_exit", "target_cpu")
    assert other.context_struct == "trace_event_raw_sched_wakeup_template"
    nobody = found(tracepoints, "sched", "sched_process_exit", "no_such_field")
    assert nobody.context_struct == "trace_event_raw_sched_process_template"


def test_a_format_decides_before_anything_else(formats: Formats) -> None:
    waking = found(Tracepoints(BTF, formats), "sched", "sched_waking", "target_cpu")
    assert waking.context_struct == "trace_event_raw_sched_process_template"


def test_formats_tell_categories_and_types(formats: Formats) -> None:
    tracepoints = Tracepoints(BTF, formats)
    assert tracepoints.find("tcp", "sched_switch") is None
    assert tracepoints.find("sched", "sched_switch") is not None
    # Known to BTF alone: the category cannot be checked.
    assert tracepoints.find("sock", "inet_sock_set_state") is not None
    assert tracepoints.categories() == ["sched", "sock", "syscalls", "tcp"]
    assert tracepoints.events("tcp") == ["tcp_destroy_sock"]
    assert field(found(tracepoints, "sched", "sched_process_exec"), "filename").ctype == "char[]"


def test_an_event_that_btf_has_no_struct_for(formats: Formats) -> None:
    lonely = found(Tracepoints(BTF, formats), "sock", "not_in_btf")
    assert (lonely.context_struct, lonely.struct_id) == (None, None)
    assert [(f.name, f.kind, f.path) for f in lonely.fields] == [
        ("cookie", "plain", ()),
        ("raw", "data_loc", ()),
    ]
    assert type_name(lonely, "cookie") == "u64"


def test_suggestions_without_formats() -> None:
    tracepoints = Tracepoints(BTF)
    assert tracepoints.suggestions("sched", "sched_swich") == ["sched:sched_switch"]
    assert tracepoints.suggestions("sched", "qqqqqqqq") == []
    assert tracepoints.categories() == ["syscalls"]


def test_suggestions_with_formats(formats: Formats) -> None:
    tracepoints = Tracepoints(BTF, formats)
    assert tracepoints.suggestions("tcp", "sched_switch") == ["sched:sched_switch"]
    assert tracepoints.suggestions("sched", "sched_swich") == ["sched:sched_switch"]
    assert tracepoints.suggestions("shed", "sched_swich") == ["sched:sched_switch"]
    assert (
        tracepoints.suggestions("syscalls", "sys_enter_openatt")[0] == "syscalls:sys_enter_openat"
    )


def test_events_of_modules() -> None:
    module = Btf.parse(fake_module_btf(), BTF)
    assert Tracepoints(BTF).find("fakemod", "fakemod_poked") is None
    poked = found(Tracepoints(BTF, modules=[module]), "fakemod", "fakemod_poked")
    assert poked.btf is module
    assert poked.context_struct == "trace_event_raw_fakemod_poked"
    assert poked.struct_id is not None
    assert poked.struct_id > BTF.type_count
    assert type_name(poked, "hits") == "u64"


def test_system_calls_from_the_table() -> None:
    openat = found(Tracepoints(BTF), "syscalls", "sys_enter_openat")
    assert openat.context_struct == "syscall_trace_enter"
    own = openat.fields[4:]
    assert [(f.name, f.ctype, f.offset, f.size, f.path, f.signed, f.user) for f in own] == [
        ("__syscall_nr", "int", 8, 4, ("nr",), True, False),
        ("dfd", "int", 16, 8, ("args", 0), True, False),
        ("filename", "const char *", 24, 8, ("args", 1), False, True),
        ("flags", "int", 32, 8, ("args", 2), True, False),
        ("mode", "umode_t", 40, 8, ("args", 3), False, False),
    ]
    assert type_name(openat, "mode") == "umode_t"
    left = found(Tracepoints(BTF), "syscalls", "sys_exit_openat")
    assert left.context_struct == "syscall_trace_exit"
    assert [f.name for f in left.fields[4:]] == ["__syscall_nr", "ret"]
    assert (field(left, "ret").path, field(left, "ret").signed) == (("ret",), True)


def test_a_type_that_btf_lacks_is_still_named() -> None:
    vector = field(found(Tracepoints(BTF), "syscalls", "sys_enter_readv"), "vec")
    assert (vector.type_id, vector.ctype, vector.user) == (None, "const struct iovec *", True)


def test_system_calls_differ_by_architecture() -> None:
    x86, arm = Tracepoints(BTF, arch="x86_64"), Tracepoints(BTF, arch="aarch64")
    assert x86.find("syscalls", "sys_enter_open") is not None
    assert arm.find("syscalls", "sys_enter_open") is None
    assert found(x86, "syscalls", "sys_enter_clone").fields[-1].name == "tls"
    assert found(arm, "syscalls", "sys_enter_clone").fields[-1].name == "child_tidptr"


def test_system_calls_from_formats(formats: Formats) -> None:
    tracepoints = Tracepoints(BTF, formats)
    openat = found(tracepoints, "syscalls", "sys_enter_openat")
    assert [f.name for f in openat.fields[4:]] == ["__syscall_nr", "dfd", "path_of_tomorrow"]
    future = found(tracepoints, "syscalls", "sys_enter_future")
    assert field(future, "how").path == ("args", 0)
    assert tracepoints.find("syscalls", "sys_exit_future") is not None
    # Not built into the kernel the formats are of, but known: the target may have it.
    assert tracepoints.find("syscalls", "sys_enter_read") is not None


@pytest.mark.parametrize("name", ["sys_enter_nothing", "sys_exit_", "openat", "", "sys_enter"])
def test_unknown_system_calls(name: str) -> None:
    assert Tracepoints(BTF).find("syscalls", name) is None


def test_a_kernel_without_system_call_tracepoints() -> None:
    writer = BtfWriter()
    writer.integer("int", 4, "signed")
    assert Tracepoints(Btf.parse(writer.build())).find("syscalls", "sys_enter_read") is None


def lone_writer() -> BtfWriter:
    """A kernel with nothing but what tracepoints are made of."""
    writer = BtfWriter()
    for name, size in (("char", 1), ("int", 4), ("unsigned int", 4), ("unsigned char", 1)):
        writer.integer(name, size)
    writer.integer("short unsigned int", 2)
    entry = ("unsigned short type", "unsigned char flags", "unsigned char preempt_count", "int pid")
    writer.struct("trace_entry", *entry)
    return writer


def test_order_of_definition_decides_between_equal_prototypes() -> None:
    writer = lone_writer()
    number = ("int number",)
    trace_event(writer, "zeta_start", number, "int a")
    event_class(writer, "zeta_inner", number, "int inner")
    event(writer, "run_one", number)
    trace_event(writer, "mid", number, "int b")
    event_class(writer, "alpha_outer", number, "int outer")
    event(writer, "run_two", number)
    trace_event(writer, "omega_stop", number, "int c")
    templates = Templates(Btf.parse(writer.build()))
    assert templates.candidates("any", "run_one") == ["zeta_inner", "alpha_outer"]
    assert templates.candidates("any", "run_two") == ["alpha_outer", "zeta_inner"]


def test_a_class_further_up_serves_events_after_their_neighbour() -> None:
    writer = lone_writer()
    number = ("int number",)
    event_class(writer, "late_looks_right", number, "int early")
    event_class(writer, "nearest", number, "int near")
    trace_event(writer, "between", number, "int b")
    event(writer, "late_event", number)
    trace_event(writer, "afterwards", number, "int c")
    event_class(writer, "much_later", number, "int later")
    templates = Templates(Btf.parse(writer.build()))
    assert templates.candidates("any", "late_event")[0] == "nearest"


def test_runs_of_prototypes_decide_where_functions_are_unknown() -> None:
    """As on 5.10, whose BTF has no static functions."""
    writer = lone_writer()
    one, two = ("int number",), ("int number", "char letter")
    trace_event(writer, "boot", one, "int a", static_functions=False)
    event_class(writer, "second_name", one, "int x", static_functions=False)
    event_class(writer, "first_name", two, "int y", static_functions=False)
    event(writer, "first_event", one)
    event(writer, "first_again", one)
    event(writer, "second_event", two)
    templates = Templates(Btf.parse(writer.build()))
    # By likeness alone it would be the other way round.
    assert templates.candidates("any", "first_event")[0] == "second_name"
    assert templates.candidates("any", "first_again")[0] == "second_name"
    assert templates.candidates("any", "second_event")[0] == "first_name"


def test_likeness_decides_where_btf_is_sorted_by_name() -> None:
    """As on 7.x, where ids say nothing about the order of definition."""
    writer = lone_writer()
    number = ("int number",)
    event_class(writer, "irq_vector", number, "int x")
    event_class(writer, "net_template", number, "int y")
    event(writer, "call_entry", number)
    event(writer, "net_entry", number)
    templates = Templates(Btf.parse(writer.build()))
    assert templates.candidates("irq_vectors", "call_entry")[0] == "irq_vector"
    assert templates.candidates("net", "call_entry")[0] == "net_template"
    assert templates.candidates("any", "net_entry")[0] == "net_template"


def test_the_fake_kernel_can_be_added_to() -> None:
    writer = fake_writer()
    trace_event(writer, "added", ("u32 id",), "u64 id")
    assert Tracepoints(Btf.parse(writer.build())).find("any", "added") is not None
