"""Btf over the fake kernel: finding, decoding, resolving, and a module on top of it."""

from __future__ import annotations

import pytest
from aotrace.compiler.kernel.btf import Btf
from aotrace.compiler.kernel.btf_kinds import BtfKind
from aotrace.compiler.kernel.btf_types import (
    Array,
    BtfType,
    DataSec,
    DeclTag,
    Enum,
    Enumerator,
    EnumValue,
    Float,
    Func,
    FuncProto,
    Fwd,
    Int,
    Member,
    Modifier,
    Ptr,
    Struct,
    Typedef,
    Var,
    Void,
)
from aotrace.compiler.kernel.errors import KernelDataError

from tests.support.btf_writer import BtfWriter
from tests.support.fake_kernel import fake_btf, fake_module_btf


@pytest.fixture(scope="module")
def btf() -> Btf:
    return Btf.parse(fake_btf())


@pytest.fixture(scope="module")
def module(btf: Btf) -> Btf:
    return Btf.parse(fake_module_btf(), btf)


def found(btf: Btf, kind: BtfKind, name: str) -> BtfType:
    type_id = btf.find(kind, name)
    assert type_id is not None
    return btf.type(type_id)


def struct(btf: Btf, name: str) -> Struct:
    result = found(btf, BtfKind.STRUCT, name)
    assert isinstance(result, Struct)
    return result


def member(owner: Struct, name: str) -> Member:
    result = owner.member(name)
    assert result is not None
    return result


def test_finds_by_kind_and_name(btf: Btf) -> None:
    assert found(btf, BtfKind.STRUCT, "in_addr").name == "in_addr"
    assert isinstance(found(btf, BtfKind.TYPEDEF, "pid_t"), Typedef)
    assert isinstance(found(btf, BtfKind.FUNC, "tcp_connect"), Func)
    assert btf.find(BtfKind.FUNC, "pid_t") is None
    assert btf.find(BtfKind.UNION, "in_addr") is None


@pytest.mark.parametrize(
    "name", ["", "nothing_so_named", "tcp_connec", "cp_connect", "a\0b", "ü\udc80"]
)
def test_finds_whole_names_only(btf: Btf, name: str) -> None:
    assert btf.find(BtfKind.FUNC, name) is None
    assert btf.find_enumerator(name) is None


def test_names_of_members_and_types_are_told_apart(btf: Btf) -> None:
    # The string "sock" names a struct here and members elsewhere, "dev" members only.
    assert struct(btf, "sock").name == "sock"
    assert btf.find(BtfKind.STRUCT, "dev") is None


def test_void_and_ids_out_of_range(btf: Btf) -> None:
    assert btf.type(0) == Void(0, "void")
    for type_id in (-1, btf.type_count, 1 << 31):
        with pytest.raises(KernelDataError, match="there is no type"):
            btf.type(type_id)


@pytest.mark.parametrize(
    ("name", "size", "signed", "encoding"),
    [
        ("int", 4, True, ""),
        ("long unsigned int", 8, False, ""),
        ("_Bool", 1, False, "bool"),
        ("char", 1, True, ""),
    ],
)
def test_decodes_integers(btf: Btf, name: str, size: int, signed: bool, encoding: str) -> None:
    result = found(btf, BtfKind.INT, name)
    assert isinstance(result, Int)
    assert result[2:] == (size, signed, encoding, size * 8)


def test_decodes_structs_with_bitfields_and_anonymous_members(btf: Btf) -> None:
    common = struct(btf, "sock_common")
    assert not common.is_union
    assert member(common, "skc_ipv6only")[2:] == (19 * 8 + 5, 1)
    assert member(common, "skc_family")[2:] == (16 * 8, 0)
    anonymous = [m for m in common.members if not m.name]
    unions = [btf.type(m.type_id) for m in anonymous]
    assert [isinstance(u, Struct) and u.is_union for u in unions] == [True] * 3
    assert common.member("skc_daddr") is None
    assert common.size == btf.size_of(common.id) == 64


def test_decodes_a_struct_without_bitfields_beyond_24_bits_of_offset() -> None:
    writer = BtfWriter()
    writer.integer("char", 1, "signed")
    writer.integer("unsigned int", 4)
    wide = writer.struct("wide", f"char pad[{1 << 22}]", "char last")
    result = Btf.parse(writer.build()).type(wide)
    assert isinstance(result, Struct)
    assert result.members[1].bit_offset == 1 << 25
    assert result.members[1].bit_size == 0


def test_decodes_arrays_and_pointers(btf: Btf) -> None:
    task = struct(btf, "task_struct")
    comm = btf.type(member(task, "comm").type_id)
    assert isinstance(comm, Array)
    assert (btf.type(comm.elem).name, comm.count) == ("char", 16)
    faults = btf.type(member(task, "numa_faults").type_id)
    assert isinstance(faults, Array)
    assert faults.count == 2
    assert btf.size_of(faults.id) == 2 * 4 * 8
    parent = btf.type(member(task, "real_parent").type_id)
    assert isinstance(parent, Ptr)
    assert parent.target == task.id
    assert btf.size_of(parent.id) == 8


def test_resolves_typedefs_and_qualifiers(btf: Btf) -> None:
    state = member(struct(btf, "sock_common"), "skc_state").type_id
    volatile = btf.type(state)
    assert isinstance(volatile, Modifier)
    assert volatile.kind is BtfKind.VOLATILE
    assert btf.resolve(state).name == "unsigned char"
    uint = btf.find(BtfKind.TYPEDEF, "uint32_t")
    assert uint is not None
    assert btf.resolve(uint).name == "unsigned int"
    assert btf.size_of(uint) == 4


def test_decodes_enums_by_sign_and_width(btf: Btf) -> None:
    memory = found(btf, BtfKind.ENUM, "memory_type")
    assert isinstance(memory, Enum)
    assert memory.signed
    assert memory.size == 4
    assert memory.values[0] == Enumerator("MEMORY_NONE", -1)
    deadline = found(btf, BtfKind.ENUM64, "deadline")
    assert isinstance(deadline, Enum)
    assert deadline.size == 8
    assert [v.value for v in deadline.values] == [-1, 1 << 40]


@pytest.mark.parametrize(
    ("name", "enum", "index", "value", "signed"),
    [
        ("PIDTYPE_SID", "pid_type", 3, 3, False),
        ("TCP_LISTEN", None, 9, 10, False),
        ("MEMORY_NONE", "memory_type", 0, -1, True),
        ("BPF_F_CTXLEN_MASK", None, 1, 0xFFFFF << 32, False),
        ("DEADLINE_NEVER", "deadline", 0, -1, True),
    ],
)
def test_finds_enumerators(
    btf: Btf, name: str, enum: str | None, index: int, value: int, signed: bool
) -> None:
    result = btf.find_enumerator(name)
    assert isinstance(result, EnumValue)
    assert (result.enum_name, result.index, result.value, result.signed) == (
        enum,
        index,
        value,
        signed,
    )
    owner = btf.type(result.enum_id)
    assert isinstance(owner, Enum)
    assert owner.values[index] == Enumerator(name, value)


def test_the_name_of_an_enum_is_no_enumerator(btf: Btf) -> None:
    assert btf.find_enumerator("pid_type") is None


def test_decodes_functions(btf: Btf) -> None:
    connect = found(btf, BtfKind.FUNC, "tcp_v4_connect")
    assert isinstance(connect, Func)
    assert connect.linkage == 1
    proto = btf.type(connect.proto)
    assert isinstance(proto, FuncProto)
    assert [name for name, _ in proto.params] == ["sk", "uaddr", "addr_len"]
    assert btf.type(proto.ret).name == "int"
    assert btf.parameter_types(proto.id) == tuple(t for _, t in proto.params)
    with pytest.raises(KernelDataError, match="is not a prototype"):
        btf.parameter_types(connect.id)


def test_decodes_the_rarer_kinds() -> None:
    writer = BtfWriter()
    number = writer.integer("int", 4, "signed")
    double = writer.floating("double", 8)
    variable = writer.var("counter", "int")
    section = writer.datasec(".data..percpu", 64, (variable, 16, 4))
    forward = writer.fwd("opaque", is_union=True)
    tagged = writer.type_tag("user", number)
    tag = writer.decl_tag("bpf_kfunc", variable, 2)
    btf = Btf.parse(writer.build())
    assert btf.type(double) == Float(double, "double", 8)
    assert btf.type(variable) == Var(variable, "counter", number, 1)
    assert btf.type(section) == DataSec(section, ".data..percpu", 64, ((variable, 16, 4),))
    assert btf.type(forward) == Fwd(forward, "opaque", True)
    assert btf.type(tagged) == Modifier(tagged, "user", BtfKind.TYPE_TAG, number)
    assert btf.type(tag) == DeclTag(tag, "bpf_kfunc", variable, 2)
    assert btf.resolve(tagged).name == "int"
    assert btf.size_of(variable) == 4
    with pytest.raises(KernelDataError, match="has no size"):
        btf.size_of(forward)


def test_names_lists_one_kind_in_order(btf: Btf) -> None:
    functions = list(btf.names(BtfKind.FUNC))
    assert functions.index("tcp_connect") < functions.index("vfs_read")
    assert "sock" not in functions
    assert list(btf.names(BtfKind.UNION)) == []


def test_finds_prefixes_of_several_kinds_at_once(btf: Btf) -> None:
    structs, typedefs, nothing = btf.find_prefixes(
        (BtfKind.STRUCT, "trace_event_raw_sched_"),
        (BtfKind.TYPEDEF, "btf_trace_sched_w"),
        (BtfKind.FUNC, "no_such_"),
    )
    assert [name for _, name in typedefs] == [
        "btf_trace_sched_wakeup",
        "btf_trace_sched_waking",
        "btf_trace_sched_wakeup_new",
    ]
    assert all(btf.type(type_id).name == name for type_id, name in structs + typedefs)
    assert "trace_event_raw_sched_switch" in [name for _, name in structs]
    assert nothing == []


def test_finds_what_points_to_a_type(btf: Btf) -> None:
    sock = struct(btf, "sock")
    pointer = btf.find_pointing(BtfKind.PTR, sock.id)
    assert pointer is not None
    assert btf.type(pointer) == Ptr(pointer, "", sock.id)
    assert btf.find_pointing(BtfKind.RESTRICT, sock.id) is None


def test_a_module_continues_its_kernel(btf: Btf, module: Btf) -> None:
    state = struct(module, "fakemod_state")
    assert state.id >= btf.type_count
    assert btf.find(BtfKind.STRUCT, "fakemod_state") is None
    assert module.find(BtfKind.STRUCT, "sock") == btf.find(BtfKind.STRUCT, "sock")
    owner = module.resolve(member(state, "owner").type_id)
    assert isinstance(owner, Ptr)
    assert module.type(owner.target).name == "task_struct"
    assert module.size_of(member(state, "sk").type_id) == btf.size_of(struct(btf, "sock").id)


def test_a_module_uses_the_strings_of_its_kernel(btf: Btf, module: Btf) -> None:
    # The writer keeps "state" once, in the kernel's strings.
    poke = found(module, BtfKind.FUNC, "fakemod_poke")
    assert isinstance(poke, Func)
    proto = module.type(poke.proto)
    assert isinstance(proto, FuncProto)
    assert [name for name, _ in proto.params] == ["state", "how"]
    assert module.parameter_types(proto.id) == tuple(t for _, t in proto.params)
    assert module.find_enumerator("TCP_LISTEN") == btf.find_enumerator("TCP_LISTEN")
    assert list(module.names(BtfKind.FUNC))[-3:] == [
        "fakemod_poke",
        "__bpf_trace_fakemod_poked",
        "__traceiter_fakemod_poked",
    ]
    (events,) = module.find_prefixes((BtfKind.TYPEDEF, "btf_trace_"))
    assert events[-1][1] == "btf_trace_fakemod_poked"


def test_a_cycle_of_typedefs_ends() -> None:
    writer = BtfWriter()
    loop = writer.typedef("loop", 1)
    btf = Btf.parse(writer.build())
    for endless in (btf.resolve, btf.size_of):
        with pytest.raises(KernelDataError, match="refers to itself"):
            endless(loop)


def test_an_array_of_itself_ends() -> None:
    writer = BtfWriter()
    writer.integer("unsigned int", 4)
    loop = writer.array(2, 3)
    with pytest.raises(KernelDataError, match="contains itself"):
        Btf.parse(writer.build()).size_of(loop)
