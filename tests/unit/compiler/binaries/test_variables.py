"""How many bytes the symbols of a file have."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from aotrace.compiler.binaries.dwarf import DwarfError
from aotrace.compiler.binaries.variables import size_of

pytestmark = pytest.mark.needs("gcc")

_SOURCE = "char one = 1; static int four = 4; long many[3]; int main(void) { return one + four; }"
_TWICE = "static volatile int four = 5; int f(void) { return four; }"


def _build(folder: Path, *options: str) -> Path:
    path = folder / "program"
    for name, text in (("main", _SOURCE), ("twice", _TWICE)):
        (folder / f"{name}.c").write_text(text)
    sources = [str(folder / option) if option.endswith(".c") else option for option in options]
    subprocess.run(["gcc", "-O0", "-g", *sources, "-o", str(path)], check=True)
    return path


@pytest.mark.parametrize("option", ["-pie", "-no-pie"])
@pytest.mark.parametrize(("name", "size"), [("one", 1), ("four", 4), ("many", 24)])
def test_size(tmp_path: Path, option: str, name: str, size: int) -> None:
    assert size_of(str(_build(tmp_path, option, "main.c")), name) == size


def test_what_is_not_there(tmp_path: Path) -> None:
    path = _build(tmp_path, "main.c")
    with pytest.raises(DwarfError, match=f"{path} has no symbol printf"):
        size_of(str(path), "printf")
    with pytest.raises(DwarfError, match="there is no file"):
        size_of(f"{path}.gone", "one")


def test_two_of_one_name(tmp_path: Path) -> None:
    with pytest.raises(DwarfError, match="has 2 symbols four"):
        size_of(str(_build(tmp_path, "main.c", "twice.c")), "four")


def test_a_library(tmp_path: Path) -> None:
    assert size_of(str(_build(tmp_path, "-shared", "-fPIC", "twice.c")), "four") == 4


def test_a_damaged_file(tmp_path: Path) -> None:
    path = tmp_path / "text"
    path.write_text("no ELF")
    with pytest.raises(DwarfError, match="damaged"):
        size_of(str(path), "one")


def test_symbols_of_a_debug_file(tmp_path: Path) -> None:
    path = _build(tmp_path, "main.c")
    debug = f"{path}.debug"
    subprocess.run(["objcopy", "--only-keep-debug", str(path), debug], check=True)
    subprocess.run(["objcopy", "-S", f"--add-gnu-debuglink={debug}", str(path)], check=True)
    assert size_of(str(path), "four") == 4
    Path(debug).unlink()
    path.touch()
    with pytest.raises(DwarfError, match="has no symbol four"):
        size_of(str(path), "four")
