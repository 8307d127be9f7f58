"""What can be traced, from files that look as the kernel's do."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

import pytest
from aotrace.loader import kernel_functions

LISTED = """\
vfs_read
__ftrace_invalid_address___16
rcu_read_lock_held
default_idle
vfs_part.part.0
notify_die
p9_client_walk [9pnet]
"""
SYMBOLS = """\
ffffffff81000000 T vfs_read
ffffffff81000010 t static_one
ffffffff81000020 t vfs_read.cold
ffffffff81000030 D data
ffffffff81000040 T __traceiter_sched_switch
ffffffffc0000000 t p9_client_walk\t[9pnet]
ffffffffc0000010 T __traceiter_9p_event\t[9pnet]
"""


def _forget() -> None:
    kernel_functions._lists.clear()
    for cache in (kernel_functions._blocked, kernel_functions._names, kernel_functions._traced):
        cache.clear()


@pytest.fixture(autouse=True)
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A tracefs with nothing in it, symbols, a blacklist and BTF."""
    (tmp_path / "kallsyms").write_text(SYMBOLS)
    (tmp_path / "blacklist").write_text("0xffffffff81-0xffffffff82\tnotify_die\n")
    names = b"\0vfs_read\0static_one\0"
    (tmp_path / "vmlinux").write_bytes(
        struct.pack("<HBBIIIII", 0xEB9F, 1, 0, 24, 0, 0, 0, len(names)) + names
    )
    monkeypatch.setattr(kernel_functions, "TRACEFS", (str(tmp_path),))
    monkeypatch.setattr(kernel_functions, "SYMBOLS", str(tmp_path / "kallsyms"))
    monkeypatch.setattr(kernel_functions, "BLACKLIST", str(tmp_path / "blacklist"))
    monkeypatch.setattr(kernel_functions, "BTF", str(tmp_path))
    _forget()
    yield tmp_path
    _forget()


def test_the_list_without_what_is_unsafe(machine: Path) -> None:
    (machine / "available_filter_functions").write_text(LISTED)
    assert kernel_functions.traceable() == [("vmlinux", "vfs_read"), ("9pnet", "p9_client_walk")]


def test_a_list_that_was_chosen_counts_even_if_it_is_empty(
    machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (machine / "available_filter_functions").write_text(LISTED)
    monkeypatch.setattr(kernel_functions, "_chosen", [""])
    assert kernel_functions.traceable() == []


def test_symbols_where_the_list_is_hidden() -> None:
    assert kernel_functions.traceable() == [
        ("vmlinux", "vfs_read"), ("vmlinux", "static_one"),
        ("vmlinux", "__traceiter_sched_switch"),
        ("9pnet", "p9_client_walk"), ("9pnet", "__traceiter_9p_event"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "module", "found"),
    [
        ("vfs_*", "*", ["vfs_read"]), ("*_read", "*", ["vfs_read"]), ("*", "vmlinu*", ["vfs_read"]),
        ("vfs_read", "vmlinux", ["vfs_read"]), ("vfs_rea", "*", []), ("fs_read", "*", []),
        ("*", "9p*", ["p9_client_walk"]), ("p9*walk", "9pnet", ["p9_client_walk"]),
        ("p9*walk", "vmlinux", []), ("vfs*", "9pnet", []), ("*d*r*", "*", []), ("", "*", []),
    ],
)  # fmt: skip
def test_those_that_match(machine: Path, name: str, module: str, found: list[str]) -> None:
    (machine / "available_filter_functions").write_text(LISTED)
    assert [function for _, function in kernel_functions.traceable(name, module)] == found


def test_symbols_that_match() -> None:
    assert kernel_functions.traceable("*i*", "9pnet") == [
        ("9pnet", "p9_client_walk"), ("9pnet", "__traceiter_9p_event"),
    ]  # fmt: skip
    assert kernel_functions.traceable("*_read") == [("vmlinux", "vfs_read")]


def test_functions_that_btf_knows() -> None:
    assert kernel_functions.traced("vmlinux") == {
        ("vmlinux", "vfs_read"), ("vmlinux", "static_one"),
    }  # fmt: skip
    assert kernel_functions.traced("9pnet") == set()


def test_events(machine: Path) -> None:
    (machine / "available_events").write_text("sched:sched_switch\nirq:softirq_entry\n")
    assert kernel_functions.tracepoints() == [("sched", "sched_switch"), ("irq", "softirq_entry")]
    assert kernel_functions.raw_tracepoints() == [
        ("vmlinux", "sched_switch"), ("9pnet", "9p_event"),
    ]  # fmt: skip
