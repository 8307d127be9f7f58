"""Lines of source that addresses of compiled programs stand for."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from aotrace.loader.elf.file import open_elf
from aotrace.loader.elf.symbols import Symbols
from aotrace.loader.symbols.lines import Lines
from elftools.elf.elffile import ELFFile

pytestmark = pytest.mark.needs("gcc")

_SOURCE = """int first(int a)
{ return a + 1; }

int main(int argc, char **argv)
{ return first(argc); }
"""


def _build(folder: Path, *flags: str) -> Path:
    (folder / "lines.c").write_text(_SOURCE)
    argv = ["gcc", "-O0", *flags, str(folder / "lines.c"), "-o", str(folder / "program")]
    subprocess.run(argv, check=True)
    return folder / "program"


def _at(path: Path, name: str, symbols: Path | None = None) -> str:
    (symbol,) = Symbols(open_elf(str(symbols or path))).find(name)
    return Lines(open_elf(str(path))).at(symbol.address)


@pytest.mark.parametrize("version", ["-gdwarf-4", "-gdwarf-5"])
def test_lines(tmp_path: Path, version: str) -> None:
    path = _build(tmp_path, version)
    assert _at(path, "first") == f"{tmp_path}/lines.c:2"
    assert _at(path, "main") == f"{tmp_path}/lines.c:5"


@pytest.mark.parametrize("split", ["-fno-function-sections", "-ffunction-sections"])
def test_without_an_index_of_addresses(tmp_path: Path, split: str) -> None:
    """With a section for each function, the unit has a list of ranges in place of bounds."""
    path = _build(tmp_path, "-g", split)
    subprocess.run(["objcopy", "-R", ".debug_aranges", str(path)], check=True)
    with path.open("rb") as file:
        assert not ELFFile(file).get_section_by_name(".debug_aranges")
    assert _at(path, "main") == f"{tmp_path}/lines.c:5"


def test_lines_of_a_debug_file(tmp_path: Path) -> None:
    path = _build(tmp_path, "-g")
    debug = tmp_path / "program.debug"
    subprocess.run(["objcopy", "--only-keep-debug", str(path), str(debug)], check=True)
    subprocess.run(["objcopy", "-S", f"--add-gnu-debuglink={debug}", str(path)], check=True)
    assert _at(path, "main", debug) == f"{tmp_path}/lines.c:5"


def test_no_debugging_information(tmp_path: Path) -> None:
    assert _at(_build(tmp_path, "-g0"), "first") == ""


def test_damaged_debugging_information(tmp_path: Path) -> None:
    path = _build(tmp_path, "-g")
    with path.open("rb") as file:
        section = ELFFile(file).get_section_by_name(".debug_line")
        start, size = section["sh_offset"], section["sh_size"]
    data = bytearray(path.read_bytes())
    data[start : start + size] = b"\xff" * size
    path.write_bytes(data)
    assert _at(path, "first") == ""


def test_without_pyelftools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = _build(tmp_path, "-g")
    monkeypatch.setitem(sys.modules, "elftools.elf.elffile", None)
    assert _at(path, "first") == ""
