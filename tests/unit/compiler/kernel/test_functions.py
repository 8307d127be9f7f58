"""Functions and raw tracepoints of the fake kernel."""

from __future__ import annotations

import pytest
from aotrace.compiler.kernel.btf import Btf
from aotrace.compiler.kernel.c_types import c_type_text
from aotrace.compiler.kernel.functions import FunctionInfo, Functions

from tests.support.fake_kernel import fake_btf, fake_module_btf, fake_writer

BTF = Btf.parse(fake_btf())
MODULE = Btf.parse(fake_module_btf(), BTF)


def signature(function: FunctionInfo | None) -> str:
    assert function is not None
    params = ", ".join(f"{c_type_text(function.btf, t)} {n}" for n, t in function.params)
    return f"{c_type_text(function.btf, function.ret)} ({params})"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("tcp_connect", "int (struct sock * sk)"),
        ("tcp_set_state", "void (struct sock * sk, int state)"),
        ("inet_csk_accept", "struct sock * (struct sock * sk, int flags, int * err)"),
        ("vfs_read", "ssize_t (struct file * file, char * buf, size_t count, loff_t * pos)"),
        ("printk_like", "int (const char * fmt, void )"),
        ("static_helper", "bool (u8 small, s16 medium)"),
    ],
)
def test_parameters_and_result(name: str, text: str) -> None:
    function = Functions(BTF).find(name)
    assert signature(function) == text
    assert function is not None
    assert BTF.type(function.type_id).name == function.name == name


@pytest.mark.parametrize("name", ["", "nothing", "sock", "tcp_connec"])
def test_no_such_function(name: str) -> None:
    assert Functions(BTF).find(name) is None


def test_functions_of_modules_come_with_their_btf() -> None:
    functions = Functions(BTF, {"fakemod": MODULE})
    poke = functions.find("fakemod_poke")
    assert signature(poke) == "int (struct fakemod_state * state, u32 how)"
    assert poke is not None
    assert poke.btf is MODULE
    connect = functions.find("tcp_connect")
    assert connect is not None
    assert connect.btf is BTF
    assert Functions(BTF).find("fakemod_poke") is None


def test_raw_tracepoints_take_names_from_their_iterator() -> None:
    found = Functions(BTF).raw_tracepoint("sched_switch")
    assert found is not None
    assert [(n, c_type_text(BTF, t)) for n, t in found.params] == [
        ("preempt", "bool"),
        ("prev", "struct task_struct *"),
        ("next", "struct task_struct *"),
        ("prev_state", "unsigned int"),
    ]


def test_raw_tracepoints_without_an_iterator_have_no_names() -> None:
    writer = fake_writer()
    writer.typedef(
        "btf_trace_bare", writer.ptr(writer.proto("void", "void *d", "u32 x", named=False))
    )
    btf = Btf.parse(writer.build())
    found = Functions(btf).raw_tracepoint("bare")
    assert found is not None
    assert [(n, c_type_text(btf, t)) for n, t in found.params] == [("", "u32")]


@pytest.mark.parametrize("name", ["", "nothing", "sched_wakeup_template", "tcp_connect"])
def test_no_such_raw_tracepoint(name: str) -> None:
    assert Functions(BTF).raw_tracepoint(name) is None


def test_names_for_hints() -> None:
    functions = Functions(BTF)
    assert functions.suggestions("tcp_conect")[0] == "tcp_connect"
    assert functions.suggestions("vfs_raed") == ["vfs_read"]
    assert functions.suggestions("qqqqqqqqqqqq") == []
    names = functions.raw_tracepoint_names()
    assert names == sorted(names)
    assert {"sched_switch", "sched_waking", "inet_sock_set_state"} <= set(names)
