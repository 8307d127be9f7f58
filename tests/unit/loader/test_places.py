"""Places in user space: what a script calls them, where they are, and what is wrong with them."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path
from typing import Any

import pytest
from aotrace.loader.binary import Binary
from aotrace.loader.elf import processes
from aotrace.loader.errors import PlaceError
from aotrace.loader.places import path_of
from aotrace.runtime import binaries
from aotrace.runtime.uprobes import uprobe_of

from tests.support import elf_writer
from tests.support.elf_writer import TEXT_ADDRESS, TEXT_OFFSET, Sym

_CODE = bytes.fromhex("554889e54883ec18") + b"\x90" * 24
_MAIN = Sym("main", TEXT_ADDRESS, 16)
_ID = b"\x01\x02\x03"


@pytest.fixture
def program(tmp_path: Path) -> Path:
    path = tmp_path / "program"
    path.write_bytes(elf_writer.build([_MAIN], text=_CODE, build_id=_ID))
    return path


def _place(point: str, **more: Any) -> tuple[str, int, str]:
    parts = point.split(":")
    target = {**uprobe_of(parts, parts[0] == "uretprobe"), **more}
    found = Binary(path_of(target["binary"], 0)).place(target)
    return found.path, found.offset, found.name


@pytest.mark.parametrize(
    ("point", "offset", "name"),
    [
        ("uprobe:PROGRAM:main", 0, "main"),
        ("uprobe:PROGRAM:main+4", 4, "main+4"),
        ("uprobe:PROGRAM:main+0x4", 4, "main+4"),
        ("uprobe:PROGRAM:0x401004", 4, "4198404"),
        ("uretprobe:PROGRAM:4198400", 0, "4198400"),
    ],
)
def test_place(program: Path, point: str, offset: int, name: str) -> None:
    found = _place(point.replace("PROGRAM", str(program)))
    assert found == (str(program), TEXT_OFFSET + offset, name)


@pytest.mark.parametrize(
    ("point", "reason", "hint"),
    [
        ("uprobe:PROGRAM:mian", "PROGRAM has no symbol mian", "did you mean main?"),
        (
            "uprobe:PROGRAM:main+2",
            "main+2 is in the middle of an instruction",
            "a probe there would change what the program does; --unsafe at build lets it",
        ),
        ("uprobe:PROGRAM:main+16", "main+16 lies outside of the function", "main has 16 bytes"),
        ("uprobe:PROGRAM:0x401010", "PROGRAM has no function at address 0x401010", ""),
        (
            "uretprobe:PROGRAM:0x401001",
            "address 0x401001 is main+1",
            "a uretprobe is attached to the start of a function",
        ),
        ("uprobe:/no/such:f", "there is no file /no/such", ""),
        (
            "uprobe:no-such-program:f",
            "there is no file no-such-program",
            "it is not in the folders of $PATH: give its path",
        ),
        (
            "uprobe:libnosuch:f",
            "there is no file libnosuch",
            "neither ld.so's cache nor $PATH has it: give its path",
        ),
        (
            "uprobe:/etc/passwd:f",
            "/etc/passwd is not an ELF file",
            "only executables and shared libraries can be probed",
        ),
        ("uprobe:main", "the attach point names no file", "name it, or a process: -p PID"),
    ],
)
def test_no_place(program: Path, point: str, reason: str, hint: str) -> None:
    with pytest.raises(PlaceError) as caught:
        _place(point.replace("PROGRAM", str(program)))
    assert str(caught.value).replace(str(program), "PROGRAM") == reason
    assert caught.value.hint == hint


@pytest.mark.parametrize(("point", "offset"), [("main+2", 2), ("main+20", 20), ("0x401013", 19)])
def test_unsafe(program: Path, point: str, offset: int) -> None:
    """Whoever says so may probe where no instruction begins."""
    found = _place(f"uprobe:{program}:{point}", unsafe=True)
    assert found[1] == TEXT_OFFSET + offset


def test_stripped(tmp_path: Path) -> None:
    path = tmp_path / "stripped"
    path.write_bytes(elf_writer.build())
    with pytest.raises(PlaceError, match="has no symbol main") as caught:
        _place(f"uprobe:{path}:main")
    assert caught.value.hint.startswith("the file was stripped")
    with pytest.raises(PlaceError, match="has no function at address 0x401000") as caught:
        _place(f"uprobe:{path}:0x401000")
    assert caught.value.hint == "the file was stripped: nothing says where instructions begin"


def test_neither_program_nor_library(tmp_path: Path) -> None:
    path = tmp_path / "object.o"
    path.write_bytes(elf_writer.build([_MAIN], kind=1))
    with pytest.raises(PlaceError, match="is neither an executable nor a shared library"):
        _place(f"uprobe:{path}:main")


def test_another_build(program: Path) -> None:
    point = f"uprobe:{program}:main"
    assert _place(point, build_id="010203")
    assert _place(point, sha256=binaries.digest(str(program)))
    for wrong in ({"build_id": "010204"}, {"sha256": "00"}):
        with pytest.raises(PlaceError, match="is another build than the one that the script"):
            _place(point, **wrong)


def test_member_of_an_archive(tmp_path: Path, program: Path) -> None:
    archive = tmp_path / "app.apk"
    member = "lib/x.so"
    with zipfile.ZipFile(archive, "w") as file:
        info = zipfile.ZipInfo(member)
        head = 30 + len(member)
        info.extra = b"\x35\xd9" + (4096 - head - 4).to_bytes(2, "little") + bytes(4096 - head - 4)
        file.writestr(info, program.read_bytes())
        file.writestr("odd", program.read_bytes())
        file.writestr("packed", program.read_bytes(), zipfile.ZIP_DEFLATED)
    assert _place(f"uprobe:{archive}!/{member}:main") == (str(archive), 4096 + TEXT_OFFSET, "main")
    for name, reason in (
        ("none", "has no none"),
        ("odd", "does not begin at a page"),
        ("packed", "packed is compressed"),
    ):
        with pytest.raises(PlaceError, match=reason):
            _place(f"uprobe:{archive}!/{name}:main")


def test_libraries_by_name() -> None:
    path = path_of("libc", 0)
    assert os.path.basename(path) == "libc.so.6"
    assert path_of("libc.so.6", 0) == path


def test_programs_of_the_path(program: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", f"/no/such:{program.parent}")
    assert path_of("program", 0) == str(program)
    monkeypatch.setenv("PATH", "")
    monkeypatch.chdir(program.parent)
    assert path_of("program", 0) == "program"


def test_a_process_has_its_own_files() -> None:
    pid = os.getpid()
    assert path_of("", pid) == os.path.realpath("/proc/self/exe")
    assert processes.root(pid) == ""
    assert any(os.path.basename(path).startswith("libc") for path in processes.mapped(pid))
    assert path_of("libc", pid) in processes.mapped(pid)
    assert pid in processes.running()
