"""BTF walked without decoding: names, members, parameters."""

from __future__ import annotations

import struct

import pytest
from aotrace.runtime import btf

from tests.support.fake_kernel import fake_btf, fake_module_btf


@pytest.fixture(scope="module")
def kernel() -> btf.RawBtf:
    return btf.RawBtf(fake_btf())


def test_names_of_a_kind(kernel: btf.RawBtf) -> None:
    names = {name for _, _, name in kernel.named(btf.FUNC)}
    assert {"vfs_read", "tcp_connect"} <= names
    assert "task_struct" not in names
    assert [name for _, _, name in kernel.named(btf.STRUCT, prefix="bpf_iter__task_f")] == [
        "bpf_iter__task_file"
    ]


def test_members_with_their_places(kernel: btf.RawBtf) -> None:
    ((_, at, _),) = kernel.named(btf.STRUCT, prefix="bpf_iter_meta")
    assert list(kernel.members(at)) == [("seq", 0), ("session_id", 8), ("seq_num", 16)]


def test_parameters(kernel: btf.RawBtf) -> None:
    ((_, at, _),) = [f for f in kernel.named(btf.FUNC) if f[2] == "vfs_read"]
    start = kernel.start_of(kernel.words[at + 2])
    assert [name for name, _ in kernel.params(start)] == ["file", "buf", "count", "pos"]


def test_a_module_continues_its_base(kernel: btf.RawBtf) -> None:
    module = btf.RawBtf(fake_module_btf(), kernel)
    assert module.first_id == kernel.count + 1
    ((number, at, name),) = module.named(btf.STRUCT, prefix="fakemod_state")
    assert (name, module.start_of(number)) == ("fakemod_state", at)
    assert [name for name, _ in module.members(at)] == ["owner", "hits", "sk"]
    with pytest.raises(IndexError):
        module.start_of(1)


def test_what_is_no_btf() -> None:
    with pytest.raises(struct.error):
        btf.RawBtf(b"\x9f\xeb")
