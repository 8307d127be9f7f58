"""Where files have their symbols, as they state it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from aotrace.loader.errors import LoaderError
from aotrace.loader.variables import address
from aotrace.runtime.variables import parts, setting
from elftools.elf.elffile import ELFFile

pytestmark = pytest.mark.needs("gcc")


def _build(folder: Path, option: str) -> Path:
    path = folder / "program"
    source = folder / "main.c"
    source.write_text("int number = 7; int main(void) { return number; }")
    subprocess.run(["gcc", option, "-fPIC", str(source), "-o", str(path)], check=True)
    return path


def _asked(size: int, symbol: str, path: Path) -> str:
    return setting(size, symbol, str(path)).partition(":")[2]


@pytest.mark.parametrize("option", ["-pie", "-no-pie", "-shared"])
def test_address(tmp_path: Path, option: str) -> None:
    path = _build(tmp_path, option)
    with path.open("rb") as file:
        elf = ELFFile(file)
        (symbol,) = elf.get_section_by_name(".symtab").get_symbol_by_name("number")
    assert address(_asked(4, "number", path), 0) == symbol["st_value"]


@pytest.mark.parametrize(
    ("size", "symbol", "option", "reason"),
    [
        (4, "numbers", "-pie", "has no symbol numbers"),
        (8, "number", "-pie", "number has 4 bytes in .*, and not 8"),
    ],
)
def test_what_cannot_be_had(
    tmp_path: Path, size: int, symbol: str, option: str, reason: str
) -> None:
    with pytest.raises(LoaderError, match=reason) as caught:
        address(_asked(size, symbol, _build(tmp_path, option)), 0)
    assert caught.value.hint


def test_no_such_file(tmp_path: Path) -> None:
    with pytest.raises(LoaderError, match="there is no file"):
        address(_asked(4, "number", tmp_path / "gone"), 0)


def test_a_binary_may_have_colons() -> None:
    assert parts("4:x:/a:b") == (4, "x", "/a:b")
