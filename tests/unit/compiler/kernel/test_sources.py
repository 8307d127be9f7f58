"""Opening all there is of a kernel, and the tables of system calls."""

from __future__ import annotations

from pathlib import Path

import pytest
from aotrace.compiler.kernel.btf import Btf
from aotrace.compiler.kernel.close_names import close_names
from aotrace.compiler.kernel.errors import KernelDataError
from aotrace.compiler.kernel.modules import ModuleBtfs
from aotrace.compiler.kernel.sources import open_sources
from aotrace.compiler.kernel.syscalls import ARCHITECTURES, SyscallArgument, load_syscalls

from tests.support.fake_formats import write_formats
from tests.support.fake_kernel import fake_btf, fake_module_btf


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """A copy of /sys/kernel/btf as the fake kernel would have it."""
    folder = tmp_path / "btf"
    folder.mkdir()
    (folder / "vmlinux").write_bytes(fake_btf())
    (folder / "fakemod").write_bytes(fake_module_btf())
    (folder / "broken").write_bytes(b"\x9f\xeb")
    return folder


def test_a_kernel_from_files(directory: Path, tmp_path: Path) -> None:
    write_formats(tmp_path / "events")
    sources = open_sources(directory / "vmlinux", tmp_path / "events", "x86_64")
    assert sources.functions.find("tcp_connect") is not None
    assert sources.tracepoints.find("tcp", "sched_switch") is None
    assert sources.tracepoints.find("sched", "sched_switch") is not None


def test_a_foreign_kernel_comes_without_this_machines_modules_and_formats(directory: Path) -> None:
    sources = open_sources(directory / "vmlinux", btf_directory=directory)
    assert sources.modules.names == []
    assert sources.functions.find("fakemod_poke") is None
    assert sources.tracepoints.categories() == ["syscalls"]


def test_the_own_kernel_comes_with_its_modules(directory: Path) -> None:
    sources = open_sources(btf_directory=directory)
    assert sources.modules.names == ["broken", "fakemod"]
    poke = sources.functions.find("fakemod_poke")
    assert poke is not None
    assert poke.btf is sources.modules.get("fakemod")
    assert sources.functions.find("nothing") is None


def test_a_kernel_without_btf_gets_advice(tmp_path: Path) -> None:
    with pytest.raises(KernelDataError, match="this kernel has no BTF") as caught:
        open_sources(btf_directory=tmp_path)
    assert caught.value.hint is not None
    assert "--btf FILE" in caught.value.hint


@pytest.mark.parametrize("which", ["btf", "formats"])
def test_a_missing_file_is_named(directory: Path, tmp_path: Path, which: str) -> None:
    nowhere = tmp_path / "nowhere"
    paths = (nowhere, None) if which == "btf" else (directory / "vmlinux", nowhere)
    with pytest.raises(KernelDataError, match=r"nowhere: .*No such file"):
        open_sources(*paths)


def test_modules_one_by_one(directory: Path) -> None:
    base = Btf.parse(fake_btf())
    modules = ModuleBtfs(base, directory)
    assert modules.get("nothing") is None
    assert modules.get("vmlinux") is None
    assert list(modules) == [modules.get("fakemod")]
    with pytest.raises(KernelDataError, match="broken"):
        modules.get("broken")
    with pytest.raises(KernelDataError, match="No such file"):
        print(ModuleBtfs(base, directory / "nowhere").names)


def test_an_architecture_without_a_table_is_told(directory: Path) -> None:
    sources = open_sources(directory / "vmlinux", arch="m68k")
    assert sources.tracepoints.find("sched", "sched_switch") is not None
    with pytest.raises(KernelDataError, match="'m68k'") as caught:
        sources.tracepoints.find("syscalls", "sys_enter_read")
    assert caught.value.hint == "there are tables for x86_64 and aarch64"


@pytest.mark.parametrize("arch", ARCHITECTURES)
def test_tables_of_system_calls_are_whole(arch: str) -> None:
    table = load_syscalls(arch)
    assert len(table) > 320
    for name, call in table.items():
        assert call.name == name
        assert 0 <= call.number < 512
        assert len(call.arguments) <= 6
        assert all(argument.ctype and argument.name.isidentifier() for argument in call.arguments)
        assert len({argument.name for argument in call.arguments}) == len(call.arguments)


@pytest.mark.parametrize(
    ("arch", "numbers"),
    [
        # man 2 syscalls; arch/x86/entry/syscalls/syscall_64.tbl; include/uapi/asm-generic/unistd.h
        ("x86_64", {"read": 0, "openat": 257, "newfstat": 5, "execve": 59, "mseal": 462}),
        ("aarch64", {"read": 63, "openat": 56, "newfstat": 80, "execve": 221, "mseal": 462}),
    ],
)
def test_numbers_of_system_calls(arch: str, numbers: dict[str, int]) -> None:
    table = load_syscalls(arch)
    assert {name: table[name].number for name in numbers} == numbers


def test_arguments_of_system_calls() -> None:
    assert load_syscalls("x86_64")["connect"].arguments == (
        SyscallArgument("int", "fd"),
        SyscallArgument("struct sockaddr *", "uservaddr"),
        SyscallArgument("int", "addrlen"),
    )
    assert load_syscalls("aarch64")["fadvise64_64"].arguments[1] == SyscallArgument(
        "loff_t", "offset"
    )
    assert load_syscalls("x86_64")["getpid"].arguments == ()


def test_close_names_prefers_the_same_beginning_and_stays_quick() -> None:
    known = [f"function_{i:05}" for i in range(60_000)]
    assert "function_12345" in close_names("function_1234x", known, 20)
    assert close_names("vfs_raed", ["vfs_read", "xfs_read", "vfs_write"])[0] == "vfs_read"
    assert close_names("", known) == []
