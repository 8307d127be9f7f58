"""CO-RE relocations on the running kernel, from types that are deliberately unlike its own."""

from __future__ import annotations

import functools
import os

import pytest
from aotrace.compiler.codegen.core import Access, RelocKind
from aotrace.compiler.codegen.corehost import host_value
from aotrace.compiler.codegen.function import I32, I64, FunctionBuilder
from aotrace.compiler.codegen.module import ModuleBuilder
from aotrace.compiler.kernel.btf import Btf
from aotrace.compiler.kernel.btf_kinds import BtfKind

from tests.object.loaded import loaded
from tests.object.script import (
    SECTION,
    ask,
    build,
    kernel,
    offset_of,
    own_pid_only,
    place,
    read_field,
)
from tests.support.btf_writer import BtfWriter

pytestmark = [pytest.mark.needs("root", "bpf", "btf", "libbpf"), pytest.mark.live]

GETPGID = 121 if os.uname().machine == "x86_64" else 155
OWN_PID = {0: os.getpid().to_bytes(8, "little")}


def strange_kernel() -> Btf:
    """Names and kinds as Linux has them; order, sizes and anonymous nesting as it has not."""
    w = BtfWriter()
    w.integer("int", 4, "signed")
    w.integer("unsigned int", 4)
    w.integer("long unsigned int", 8)
    w.integer("long int", 8, "signed")
    w.integer("char", 1, "signed")
    w.integer("short unsigned int", 2)
    w.integer("unsigned char", 1)
    w.typedef("pid_t", "int")
    w.struct(
        "task_struct",
        "pid_t tgid",
        "struct task_struct *real_parent",
        "unsigned int in_execve:1",
        "unsigned int in_iowait:1",
        "char comm[16]",
        "pid_t pid",
        size=4096,
    )
    daddr = w.struct("", "unsigned int skc_daddr", "unsigned int skc_rcv_saddr")
    w.struct(
        "in6_addr",
        ("in6_u", w.union("", "unsigned int u6_addr32[4]", "unsigned char u6_addr8[16]")),
    )
    w.struct(
        "sock_common",
        "int skc_refcnt",
        daddr,
        "struct in6_addr skc_v6_daddr",
        "unsigned char skc_state",
    )
    w.struct("sock", "long unsigned int sk_flags", "struct sock_common __sk_common")
    w.struct("trace_event_raw_sys_enter", "long unsigned int args[6]", "long int id")
    w.enum("bpf_map_type", {"BPF_MAP_TYPE_RINGBUF": 3, "BPF_MAP_TYPE_NO_SUCH": 4})
    return Btf.parse(w.build())


STRANGE = strange_kernel()


def enumerator(btf: Btf, kind: RelocKind, enum: str, name: str) -> Access:
    root = btf.find(BtfKind.ENUM, enum)
    assert root is not None
    return Access(kind, btf, root, (name,))


FIELDS = [
    ("task_struct", ("tgid",)),
    ("task_struct", ("real_parent",)),
    ("task_struct", ("comm",)),
    ("task_struct", ("comm", 5)),
    ("sock", ("__sk_common", "skc_daddr")),
    ("sock", ("__sk_common", "skc_rcv_saddr")),
    ("sock", ("__sk_common", "skc_v6_daddr", "in6_u", "u6_addr32", 3)),
    ("sock_common", ("skc_state",)),
]
BITFIELD = ("task_struct", ("in_iowait",))
BITFIELD_KINDS = (
    RelocKind.FIELD_BYTE_OFFSET,
    RelocKind.FIELD_BYTE_SIZE,
    RelocKind.FIELD_SIGNED,
    RelocKind.FIELD_LSHIFT_U64,
    RelocKind.FIELD_RSHIFT_U64,
    RelocKind.FIELD_EXISTS,
)


def questions(btf: Btf) -> list[Access]:
    """One of everything that can be asked."""
    asked = [
        ask(btf, kind, struct, *steps)
        for kind in (RelocKind.FIELD_BYTE_OFFSET, RelocKind.FIELD_BYTE_SIZE)
        for struct, steps in FIELDS
    ]
    asked += [ask(btf, kind, BITFIELD[0], *BITFIELD[1]) for kind in BITFIELD_KINDS]
    asked += [ask(btf, RelocKind.FIELD_SIGNED, "task_struct", "tgid")]
    asked += [
        ask(btf, kind, "task_struct") for kind in (RelocKind.TYPE_EXISTS, RelocKind.TYPE_SIZE)
    ]
    kinds = (RelocKind.ENUMVAL_EXISTS, RelocKind.ENUMVAL_VALUE)
    return asked + [enumerator(btf, kind, "bpf_map_type", "BPF_MAP_TYPE_RINGBUF") for kind in kinds]


def answers(asked: list[Access]) -> list[int]:
    """What each question's value is once libbpf has relocated it for this kernel."""

    def write(module: ModuleBuilder) -> None:
        counters = [module.counter(f"answer_{i}") for i in range(len(asked))]
        f = module.program("ask", SECTION, place("tracepoint"))
        own_pid_only(f)
        for counter, access in zip(counters, asked, strict=True):
            f.ir.store(f.core_value(access), counter)

    with loaded(build(write), OWN_PID) as running:
        os.getppid()
        return [running.bss(8 * i) for i in range(len(asked))]


def test_libbpf_finds_what_the_kernels_own_types_say() -> None:
    expected = [host_value(access) for access in questions(kernel())]
    assert answers(questions(STRANGE)) == expected


def test_types_of_the_same_kernel_relocate_to_themselves() -> None:
    asked = questions(kernel())
    assert answers(asked) == [host_value(access) for access in asked]


def test_existence_of_what_this_kernel_lacks_is_zero() -> None:
    asked = [
        ask(STRANGE, RelocKind.FIELD_EXISTS, "sock", "__sk_common"),
        enumerator(STRANGE, RelocKind.ENUMVAL_EXISTS, "bpf_map_type", "BPF_MAP_TYPE_NO_SUCH"),
    ]
    w = BtfWriter()
    w.integer("int", 4, "signed")
    w.struct("task_struct", "int no_such_member")
    w.struct("no_such_struct", "int member")
    missing = Btf.parse(w.build())
    asked += [
        ask(missing, RelocKind.FIELD_EXISTS, "task_struct", "no_such_member"),
        ask(missing, RelocKind.TYPE_EXISTS, "no_such_struct"),
    ]
    assert answers(asked) == [1, 0, 0, 0]


@pytest.mark.parametrize("btf", [STRANGE, kernel()], ids=["strange", "own"])
def test_reads_through_kernel_pointers(btf: Btf) -> None:
    def write(module: ModuleBuilder) -> None:
        result = module.counter("result")
        f = module.program("parent", SECTION, place("tracepoint"))
        own_pid_only(f)
        task = f.helper("get_current_task")
        with f.at(place("$parent = curtask->real_parent")):
            parent = read_field(f, task, offset_of(btf, "task_struct", "real_parent"), 8)
        with f.at(place("@result = $parent->tgid")):
            f.ir.store(read_field(f, parent, offset_of(btf, "task_struct", "tgid"), 4), result)

    with loaded(build(write), OWN_PID) as running:
        assert running.bss(0) == 0
        assert running.bss(0) == 0
        parent = os.getppid()
        assert running.bss(0) == parent
        assert "; $parent = curtask->real_parent; @ parent.bt:4" in running.log


@pytest.mark.parametrize("btf", [STRANGE, kernel()], ids=["strange", "own"])
def test_loads_the_context_at_relocated_constant_offsets(btf: Btf) -> None:
    def write(module: ModuleBuilder) -> None:
        number, first = module.counter("number"), module.counter("first")
        f = module.program("context", "tracepoint/syscalls/sys_enter_getpgid", place("tracepoint"))
        own_pid_only(f)
        event = "trace_event_raw_sys_enter"
        # The kernel fills in the low half of `id` alone (struct syscall_tp_t of its perf code).
        called = f.core_load(f.ctx, offset_of(btf, event, "id"), I32)
        f.ir.store(f.core_load(f.ctx, offset_of(btf, event, "args", 0), I64), first)
        with f.if_(f.ir.icmp_unsigned("==", called, I32(GETPGID))):
            again = f.core_load(f.ctx, offset_of(btf, event, "id"), I32)
            f.ir.store(f.ir.add(f.ir.zext(again, I64), I64(1)), number)

    with loaded(build(write), OWN_PID) as running:
        os.getpgid(os.getpid())
        assert (running.bss(0), running.bss(8)) == (GETPGID + 1, os.getpid())


def return_field(field: Access, f: FunctionBuilder) -> None:
    f.return_(read_field(f, f.params[0], field, 4))


def test_guarded_access_to_a_missing_field_loads() -> None:
    w = BtfWriter()
    w.integer("int", 4, "signed")
    w.struct("task_struct", "int tgid", "int no_such_member")
    btf = Btf.parse(w.build())

    def write(module: ModuleBuilder) -> None:
        results = {name: module.counter(name) for name in ("tgid", "no_such_member")}
        f = module.program("guarded", SECTION, place("tracepoint"))
        own_pid_only(f)
        task = f.helper("get_current_task")
        for name, result in results.items():
            exists = ask(btf, RelocKind.FIELD_EXISTS, "task_struct", name)
            field = offset_of(btf, "task_struct", name)
            read = functools.partial(return_field, field)
            at = place("$parent->tgid")
            value = f.guarded(f"read_{name}", exists, [("task", task)], read, at)
            f.ir.store(f.ir.add(value, I64(7)), result)

    with loaded(build(write), OWN_PID) as running:
        os.getppid()
        assert (running.bss(0), running.bss(8)) == (os.getpid() + 7, 7)
