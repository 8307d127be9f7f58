"""The table of helpers against the kernel's own numbers."""

from __future__ import annotations

from pathlib import Path

import pytest
from aotrace.compiler.codegen.helpers import MapType, Returns, find_helper
from aotrace.compiler.kernel.btf import Btf
from aotrace.compiler.kernel.btf_kinds import BtfKind
from aotrace.compiler.kernel.btf_types import Enum

VMLINUX = Path("/sys/kernel/btf/vmlinux")


def enumerators(name: str) -> dict[str, int]:
    btf = Btf.open(VMLINUX)
    type_id = btf.find(BtfKind.ENUM, name)
    assert type_id is not None
    enum = btf.type(type_id)
    assert isinstance(enum, Enum)
    return {each.name: each.value for each in enum.values}


@pytest.mark.needs("btf")
def test_numbers_are_the_kernels() -> None:
    known = enumerators("bpf_func_id")
    checked = 0
    for name, number in known.items():
        short = name.removeprefix("BPF_FUNC_")
        if 0 < number <= 211:
            assert find_helper(short).number == number, name
            checked += 1
    assert checked == 211


@pytest.mark.needs("btf")
def test_map_types_are_the_kernels() -> None:
    known = enumerators("bpf_map_type")
    for each in MapType:
        assert known[f"BPF_MAP_TYPE_{each.name}"] == each


def test_names_with_and_without_prefix() -> None:
    helper = find_helper("bpf_ringbuf_reserve")
    assert helper == find_helper("ringbuf_reserve")
    assert helper == (131, "bpf_ringbuf_reserve", Returns.POINTER, False)
    assert find_helper("ringbuf_submit").returns is Returns.VOID
    assert find_helper("get_prandom_u32").returns is Returns.INT


def test_unknown_helper() -> None:
    with pytest.raises(KeyError, match="no_such"):
        find_helper("bpf_no_such")
