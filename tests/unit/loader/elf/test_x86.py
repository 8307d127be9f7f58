"""Lengths of instructions, one of each shape (tests/live has whole programs)."""

from __future__ import annotations

import pytest
from aotrace.loader.elf import x86

_SHAPES = {
    "push %rbp": "55",
    "mov %rsp,%rbp": "4889e5",
    "endbr64": "f30f1efa",
    "sub $0x18,%rsp": "4883ec18",
    "mov $0x1234,%ax": "66b83412",
    "movabs $…,%rax": "48b88877665544332211",
    "mov moffs": "48a18877665544332211",
    "lea (%rdi,%rcx,1),%eax": "8d040f",
    "mov 0x0(%rip),%rax": "488b0500000000",
    "mov (,%rax,8)": "488b04c500000000",
    "mov 8(%rsp)": "488b442408",
    "mov 0x100(%r12)": "498b842400010000",
    "testb $1,(%rax)": "f60001",
    "not (%rax)": "f610",
    "testw $1,(%rax)": "66f7000100",
    "testl $1,(%rax)": "f70001000000",
    "call": "e800000000",
    "ret $8": "c20800",
    "enter": "c8100000",
    "je near": "0f8400000000",
    "lock cmpxchg": "f0480fb111",
    "pshufb": "660f3800c1",
    "palignr $1": "660f3a0fc101",
    "vzeroupper": "c5f877",
    "vpshufd $1": "c5f970c101",
    "vpalignr $1": "c4e3710fc101",
    "evex": "62f17c4858c1",
    "nopw": "66662e0f1f840000000000",
    "pop (%rax)": "8f00",
}


@pytest.mark.parametrize(("name", "code"), _SHAPES.items())
def test_length(name: str, code: str) -> None:
    assert x86.length(bytes.fromhex(code) + b"\xcc" * 8) == len(code) // 2


@pytest.mark.parametrize("code", ["06", "4889", "66" * 16, ""])
def test_unknown(code: str) -> None:
    with pytest.raises(x86.Unknown):
        x86.length(bytes.fromhex(code))


@pytest.mark.parametrize(("offset", "begins"), [(0, True), (1, True), (2, False), (4, True)])
def test_where_one_begins(offset: int, begins: bool) -> None:
    assert x86.begins_at(bytes.fromhex("554889e54883ec18"), offset) is begins
