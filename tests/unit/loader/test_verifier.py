"""Refused programs: what libbpf's log comes down to. The logs are of libbpf 1.1 on 6.18."""

from __future__ import annotations

import errno

import pytest
from aotrace.loader import verifier
from aotrace.loader.libbpf.lib import BpfError
from aotrace.loader.verifier import MissingProbe, explain_load
from aotrace.runtime.metadata import Metadata, Program

STACK = """\
libbpf: prog 'p0_begin': BPF program load failed: Permission denied
libbpf: prog 'p0_begin': -- BEGIN PROG LOAD LOG --
0: R1=ctx() R10=fp0
; $key = (1, "x") @ t.bt:3
28: (b4) w1 = 120                     ; R1=120
29: (6b) *(u16 *)(r10 -23) = r1
misaligned stack access off 0+0+-23 size 2
processed 30 insns (limit 1000000) max_states_per_insn 0 total_states 1 peak_states 1 mark_read 1
-- END PROG LOAD LOG --
libbpf: prog 'p0_begin': failed to load: -13
libbpf: failed to load object 't'
"""
FIELD = """\
libbpf: prog 'p1_kp': BPF program load failed: Invalid argument
libbpf: prog 'p1_kp': -- BEGIN PROG LOAD LOG --
0: (b7) r0 = 0                        ; R0=0
; $sk->skc_xport
8: <invalid CO-RE relocation>
failed to resolve CO-RE relocation <byte_off> [20] struct sock___b.__sk_common.skc_xport (0:0 @ 8)
processed 1 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0 mark_read 0
-- END PROG LOAD LOG --
"""
FUNCTION = """\
libbpf: prog 'p2_fe': failed to find kernel BTF type ID of 'vfs_rexx': -3
libbpf: prog 'p2_fe': failed to prepare load attributes: -3
libbpf: prog 'p2_fe': failed to load: -3
libbpf: failed to load object 't'
"""
ITERATOR = FUNCTION.replace("p2_fe", "p3_it").replace("vfs_rexx", "ksym")
FORBIDDEN = """\
libbpf: prog 'p1_kp': BPF program load failed: Operation not permitted
libbpf: prog 'p1_kp': failed to load: -1
libbpf: failed to load object 't'
"""
HELPER = """\
libbpf: prog 'p0_begin': BPF program load failed: Invalid argument
libbpf: prog 'p0_begin': -- BEGIN PROG LOAD LOG --
; print((int64)@count)
130: (85) call unknown#195
invalid func unknown#195
processed 131 insns (limit 1000000) max_states_per_insn 0 total_states 1 peak_states 1 mark_read 1
-- END PROG LOAD LOG --
"""
BEGINNING = """\
libbpf: prog 'p0_begin': BPF program load failed: Argument list too long
libbpf: prog 'p0_begin': -- BEGIN PROG LOAD LOG --
"""
ENDLESS = f"""{BEGINNING}\
0: R1=ctx() R10=fp0
; if ($n == 5) {{ break; }} @ t.bt:5
2: (05) goto pc-1
infinite loop detected at insn 2
cur state: R0=scalar() R10=fp0
old state: R0=scalar() R10=fp0
processed 3 insns (limit 1000000) max_states_per_insn 0 total_states 1 peak_states 1 mark_read 1
-- END PROG LOAD LOG --
"""
#: the second line as kernels before 6.9 quote it
TURN = """\
; @x[$i] = nsecs; @ t.bt:6
10: (18) r1 = 0xffff888104383000      ; R1=map_ptr(map=at_x,ks=8,vs=8)
12: (b7) r4 = 0                       ; R4=0
13: (85) call bpf_map_update_elem#2   ; R0=scalar()
; $i++;
14: (07) r6 += 1                      ; R6=scalar()
"""
LIMIT = "BPF program is too large. Processed 1000001 insn"
META = Metadata(
    "aotracec", "t.bt", "x86_64", "GPL",
    [
        Program("p0_begin", "raw_tp", "begin", "begin", {}, 3),
        Program("p1_kp", "kprobe", "kprobe:tcp_connect", "kprobe",
                {"function": "tcp_connect", "offset": 0, "return": False}, 5),
        Program("p2_fe", "fentry/vfs_rexx", "fentry:vfs_rexx", "trace", {}, 7),
        Program("p3_it", "iter/ksym", "iter:ksym", "iter", {"name": "ksym"}, 9),
    ],
    [], [], [], {}, [], [],
)  # fmt: skip


@pytest.fixture(autouse=True)
def _kernel_with_btf(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verifier, "has_btf", lambda: True)


def explained(log: str, code: int) -> tuple[str, str]:
    error = explain_load([log], META, BpfError("bpf_object__load", code))
    return str(error), error.hint


def test_the_verifiers_word_and_the_scripts_line() -> None:
    message, hint = explained(STACK, errno.EACCES)
    assert message.splitlines()[:2] == [
        "the kernel refused begin (t.bt:3): misaligned stack access off 0+0+-23 size 2",
        '    $key = (1, "x")',
    ]
    assert "*(u16 *)(r10 -23) = r1" in message
    assert "processed" not in message
    assert "-v" in hint


def test_a_field_that_this_kernel_lacks() -> None:
    message, _ = explained(FIELD, errno.EINVAL)
    assert message.splitlines()[0] == (
        "kprobe:tcp_connect (t.bt:5): this kernel has no struct sock.__sk_common.skc_xport"
    )


def test_a_helper_that_this_kernel_lacks() -> None:
    message, _ = explained(HELPER, errno.EINVAL)
    assert message == (
        "begin (t.bt:3): this kernel has no helper bpf_map_lookup_percpu_elem, "
        "which came with Linux 5.19\n    print((int64)@count)"
    )


def test_a_loop_without_an_end() -> None:
    message, hint = explained(ENDLESS, errno.EINVAL)
    assert message == (
        "the kernel refused begin (t.bt:3): a loop of which it does not see the end "
        "(the verifier: infinite loop detected at insn 2)\n    t.bt:5: if ($n == 5) { break; }"
    )
    assert "for" in hint


@pytest.mark.parametrize("end", [f"{LIMIT}\n-- END PROG LOAD LOG --\n", "1"])
def test_too_much_to_look_at(end: str) -> None:
    """With the lines that took most of it; also where the log is cut off."""
    log = f"{BEGINNING}{TURN * 500}{end}libbpf: prog 'p0_begin': failed to load: -7\n"
    message, hint = explained(log, errno.E2BIG)
    first, *lines = message.splitlines()
    assert first.startswith(
        "the kernel refused begin (t.bt:3): more than the million instructions that the verifier"
    )
    assert ("Processed 1000001 insn" in first) == (LIMIT in end)
    assert lines == ["    t.bt:6: @x[$i] = nsecs; (75%)", "    $i++; (25%)"]
    assert "split the probe" in hint


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("The sequence of 8193 jumps is too complex.", "8192"),
        ("combined stack size of 3 calls is 544. Too large", "512 bytes of stack"),
        ("the call stack of 9 frames is too deep !", "8 calls"),
    ],
)
def test_other_limits(said: str, words: str) -> None:
    log = f"{BEGINNING}{TURN}{said}\n-- END PROG LOAD LOG --\n"
    message, _ = explained(log, errno.EACCES)
    assert words in message
    assert said in message


def test_a_function_that_this_kernel_lacks() -> None:
    error = explain_load([FUNCTION], META, BpfError("bpf_object__load", errno.ESRCH))
    assert isinstance(error, MissingProbe)
    assert error.program.name == "p2_fe"
    assert str(error) == (
        "cannot attach fentry:vfs_rexx (t.bt:7): this kernel has no function vfs_rexx"
    )


def test_an_iterator_that_this_kernel_lacks() -> None:
    message, _ = explained(ITERATOR, errno.ESRCH)
    assert message == "cannot attach iter:ksym (t.bt:9): this kernel has no iterator ksym"


def test_a_lockdown() -> None:
    message, hint = explained(FORBIDDEN, errno.EPERM)
    assert message == "the kernel does not allow to load kprobe:tcp_connect (t.bt:5)"
    assert "lockdown" in hint


def test_no_btf(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verifier, "has_btf", lambda: False)
    message, hint = explained("libbpf: Error loading vmlinux BTF: -3\n", errno.ESRCH)
    assert message == "this kernel does not carry its BTF"
    assert "CONFIG_DEBUG_INFO_BTF" in hint


def test_something_else() -> None:
    message, _ = explained("libbpf: map 'x': failed to create: -12\n", errno.ENOMEM)
    assert message == "cannot load the object: map 'x': failed to create: -12"
    message, _ = explained("", errno.ENOMEM)
    assert message == "cannot load the object: bpf_object__load: Cannot allocate memory"
