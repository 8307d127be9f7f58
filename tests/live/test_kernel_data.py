"""What the compiler knows of the running kernel, compared with what the kernel itself says."""

from __future__ import annotations

from pathlib import Path

import pytest
from aotrace.compiler.kernel.btf import Btf
from aotrace.compiler.kernel.btf_kinds import BtfKind
from aotrace.compiler.kernel.sources import KernelSources, open_sources
from aotrace.compiler.kernel.syscalls import load_syscalls
from aotrace.compiler.kernel.tracepoint_formats import Formats, machine_formats
from aotrace.compiler.kernel.tracepoints import Tracepoints

from tests.support.tracepoint_truth import judge

pytestmark = pytest.mark.needs("root", "bpf", "btf")


@pytest.fixture(scope="module")
def sources() -> KernelSources:
    return open_sources()


@pytest.fixture
def formats() -> Formats:
    found = machine_formats()
    assert found is not None
    return found


def test_every_event_finds_its_struct_by_its_name(sources: KernelSources, formats: Formats) -> None:
    verdict = judge(sources.btf, formats)
    assert verdict.right > 300
    assert verdict.share >= 0.995, verdict.wrong
    assert verdict.misread == []


def test_the_formats_of_this_machine_settle_the_rest(sources: KernelSources) -> None:
    waking = sources.tracepoints.find("sched", "sched_wait_task")
    assert waking is not None
    assert waking.field("target_cpu") is None
    assert sources.tracepoints.find("tcp", "sched_switch") is None
    assert sources.tracepoints.suggestions("tcp", "sched_switch") == ["sched:sched_switch"]


def test_every_system_call_has_the_arguments_that_the_kernel_lists(
    sources: KernelSources, formats: Formats
) -> None:
    own = Tracepoints(sources.btf)  # from our table alone
    told = sources.tracepoints
    calls = [name for name in formats.events("syscalls") if name.startswith("sys_enter_")]
    assert len(calls) > 250
    for name in calls:
        ours, theirs = own.find("syscalls", name), told.find("syscalls", name)
        assert ours is not None, name
        assert theirs is not None, name
        # A newer kernel may have added an argument at the end; types change without harm.
        pairs = list(zip(ours.fields, theirs.fields))
        assert [(a.name, a.offset, a.size) for a, _ in pairs] == [
            (b.name, b.offset, b.size) for _, b in pairs
        ], name


def test_the_numbers_of_system_calls_are_those_of_the_headers() -> None:
    header = Path("/usr/include/x86_64-linux-gnu/asm/unistd_64.h")
    if not header.exists():
        pytest.fail("linux-libc-dev is missing; it comes with libc6-dev")
    listed = {
        words[1][len("__NR_") :]: int(words[2])
        for words in map(str.split, header.read_text().splitlines())
        if words[:1] == ["#define"] and words[1].startswith("__NR_")
    }
    table = load_syscalls("x86_64")
    common = listed.keys() & table.keys()
    assert len(common) > 300
    assert {name: table[name].number for name in common} == {n: listed[n] for n in common}


def test_all_types_decode(sources: KernelSources) -> None:
    btf = sources.btf
    kinds = {type(btf.type(type_id)).__name__ for type_id in range(btf.type_count)}
    assert {"Int", "Ptr", "Struct", "Enum", "Typedef", "Func", "FuncProto", "Array"} <= kinds


def test_sizes_agree_with_the_kernels_own_arithmetic(sources: KernelSources) -> None:
    """A struct's members lie within its size, whatever they are made of."""
    btf = sources.btf
    for name in ("task_struct", "sock", "sk_buff", "inode", "tcp_sock", "pt_regs"):
        type_id = btf.find(BtfKind.STRUCT, name)
        assert type_id is not None, name
        struct = btf.type(type_id)
        for member in getattr(struct, "members"):  # noqa: B009
            bits = member.bit_size or btf.size_of(member.type_id) * 8
            assert member.bit_offset + bits <= btf.size_of(type_id) * 8, (name, member)


def test_functions_and_raw_tracepoints(sources: KernelSources) -> None:
    connect = sources.functions.find("tcp_connect")
    assert connect is not None
    assert [name for name, _ in connect.params] == ["sk"]
    found = sources.functions.raw_tracepoint("sched_switch")
    assert found is not None
    assert [name for name, _ in found.params][:3] == ["preempt", "prev", "next"]
    assert "tcp_connect" in sources.functions.suggestions("tcp_conect")


def test_a_copy_of_the_btf_serves_as_well(tmp_path: Path) -> None:
    original = Path("/sys/kernel/btf/vmlinux")
    copy = tmp_path / "kernel.btf"
    copy.write_bytes(original.read_bytes())
    assert Btf.open(copy).type_count == Btf.open(original).type_count
