"""The kernel's types as the language sees them."""

from __future__ import annotations

import pytest
from aotrace.compiler.kernel_types import field_names, field_of, find_named, find_struct
from aotrace.compiler.types import Struct

from tests.support.compiling import fake_sources

BTF = fake_sources().btf


def struct(name: str) -> Struct:
    found = find_struct(BTF, "struct", name)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("name", "field", "text", "bits"),
    [
        ("task_struct", "pid", "int32", 0),
        ("task_struct", "comm", "string[16]", 0),
        ("task_struct", "real_parent", "struct task_struct *", 0),
        ("task_struct", "in_execve", "uint32", 1),
        ("task_struct", "numa_faults", "uint64[2][4]", 0),
        ("sock_common", "skc_daddr", "uint32", 0),  # in an anonymous struct of an anonymous union
        ("sock_common", "skc_state", "uint8", 0),
        ("sock_common", "skc_reuse", "uint8", 4),
        ("sock_common", "skc_v6_daddr", "struct in6_addr", 0),
        ("in6_addr", "in6_u", "union (anonymous)", 0),
        ("dentry", "d_name", "struct qstr", 0),
        ("qstr", "hash_len", "uint64", 0),
        ("sk_buff", "dev", "struct net_device *", 0),
        ("msghdr", "msg_name", "void *", 0),
    ],
)
def test_fields(name: str, field: str, text: str, bits: int) -> None:
    found = field_of(struct(name), field)
    assert found is not None
    assert (str(found.type), found.bits) == (text, bits)


def test_fields_that_are_not_there() -> None:
    assert field_of(struct("task_struct"), "nope") is None
    assert field_of(struct("sock_common"), "") is None


def test_names_of_fields_go_through_anonymous_members() -> None:
    names = field_names(struct("sock_common"))
    assert {"skc_addrpair", "skc_daddr", "skc_rcv_saddr", "skc_family"} <= set(names)
    assert "" not in names


@pytest.mark.parametrize(
    ("tag", "name", "text"),
    [
        ("struct", "sock", "struct sock"),
        ("enum", "pid_type", "enum pid_type"),
        ("", "u32", "uint32"),
        ("", "pid_t", "int32"),
        ("", "size_t", "uint64"),
        ("", "bool", "bool"),
        ("", "sock", "struct sock"),
    ],
)
def test_types_by_name(tag: str, name: str, text: str) -> None:
    assert str(find_named(BTF, tag, name)) == text


@pytest.mark.parametrize(("tag", "name"), [("struct", "nope"), ("union", "sock"), ("", "nope_t")])
def test_types_that_are_not_there(tag: str, name: str) -> None:
    assert find_named(BTF, tag, name) is None
