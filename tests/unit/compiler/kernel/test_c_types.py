"""C types written out: to BTF type ids and back."""

from __future__ import annotations

import pytest
from aotrace.compiler.kernel.btf import Btf
from aotrace.compiler.kernel.btf_kinds import BtfKind
from aotrace.compiler.kernel.btf_types import Struct
from aotrace.compiler.kernel.c_types import c_type_text, find_c_type
from aotrace.compiler.kernel.errors import KernelDataError

from tests.support.btf_writer import BtfWriter
from tests.support.fake_kernel import fake_btf

BTF = Btf.parse(fake_btf())


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("int", "int"),
        ("unsigned", "unsigned int"),
        ("unsigned long", "long unsigned int"),
        ("long", "long int"),
        ("unsigned long long", "long long unsigned int"),
        ("short", "short int"),
        ("unsigned short", "short unsigned int"),
        ("unsigned char", "unsigned char"),
        ("signed char", "signed char"),
        ("char *", "char *"),
        ("const char *", "const char *"),
        ("const char*", "const char *"),
        ("umode_t", "umode_t"),
        ("struct sock *", "struct sock *"),
        ("const struct sock *", "const struct sock *"),
        ("struct sock", "struct sock"),
        ("enum pid_type", "enum pid_type"),
        ("enum deadline", "enum deadline"),
        ("loff_t *", "loff_t *"),
        ("void *", "void *"),
        ("volatile unsigned char", "volatile unsigned char"),
    ],
)
def test_there_and_back(text: str, canonical: str) -> None:
    type_id = find_c_type(BTF, text)
    assert type_id is not None
    assert c_type_text(BTF, type_id) == canonical


@pytest.mark.parametrize(
    "text",
    ["", "*", "nothing_t", "struct nothing *", "int (*)(void)", "char[16]", "umode_t *", "a b c"],
)
def test_what_btf_does_not_have(text: str) -> None:
    assert find_c_type(BTF, text) is None


def test_a_qualifier_without_a_type_of_its_own_is_dropped() -> None:
    assert find_c_type(BTF, "const umode_t") == find_c_type(BTF, "umode_t")


def test_a_struct_that_is_only_declared() -> None:
    writer = BtfWriter()
    forward = writer.fwd("opaque")
    pointer = writer.ptr(forward)
    btf = Btf.parse(writer.build())
    assert find_c_type(btf, "struct opaque *") == pointer
    assert c_type_text(btf, pointer) == "struct opaque *"


@pytest.mark.parametrize(
    ("member", "text"),
    [
        ("comm", "char[16]"),
        ("numa_faults", "long unsigned int[2][4]"),
        ("cred", "const struct cred *"),
        ("real_parent", "struct task_struct *"),
        ("pid", "pid_t"),
    ],
)
def test_text_of_members(member: str, text: str) -> None:
    task = BTF.type(BTF.find(BtfKind.STRUCT, "task_struct") or 0)
    assert isinstance(task, Struct)
    found = task.member(member)
    assert found is not None
    assert c_type_text(BTF, found.type_id) == text


def test_text_of_pointers_to_pointers_tags_and_functions() -> None:
    writer = BtfWriter()
    writer.integer("char", 1)
    strings = writer.id_of("const char **")
    user = writer.ptr(writer.type_tag("user", "char"))
    function = writer.ptr(writer.proto("char"))
    union = writer.union("either", "char a")
    btf = Btf.parse(writer.build())
    assert c_type_text(btf, strings) == "const char **"
    assert c_type_text(btf, user) == "char *"
    assert c_type_text(btf, function) == "function *"
    assert c_type_text(btf, union) == "union either"


def test_text_of_a_type_that_contains_itself_ends() -> None:
    writer = BtfWriter()
    loop = writer.ptr(1)
    with pytest.raises(KernelDataError, match="contains itself"):
        c_type_text(Btf.parse(writer.build()), loop)
