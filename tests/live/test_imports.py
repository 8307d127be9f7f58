"""Imports and macros on the running kernel, through the command line."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.support.places import console_script

pytestmark = [pytest.mark.live, pytest.mark.needs("root", "bpf", "btf", "libbpf")]

LIBRARY = """
let @seen = lruhash(8);

macro note(@map, key) {
  $n = key + 1;
  @map[$n] = TWO;
  $n
}

begin { printf("library\\n"); @seen[9] = TWO; }
"""
HEADER = """
#define TWO 2
enum level { LOW = 3, HIGH };
struct pair { int a; short b; };
"""
SCRIPT = """
import "lib";
import "lib/all.bt";

begin {
  $n = 40;
  print(note(@seen, $n));
  print($n);
  print(sizeof(struct pair));
  print((uint64)HIGH);
  exit();
}
"""


@pytest.fixture
def script(tmp_path: Path) -> Path:
    """A script with a library in a folder of its own."""
    library = tmp_path / "lib"
    library.mkdir(mode=0o755)
    (library / "all.bt").write_text('import "defs.h";' + LIBRARY)
    (library / "defs.h").write_text(HEADER)
    (tmp_path / "main.bt").write_text(SCRIPT)
    return tmp_path / "main.bt"


def aotracec(*argv: str | Path) -> subprocess.CompletedProcess[str]:
    command = [str(console_script("aotracec")), *map(str, argv)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_a_script_with_a_library_runs(script: Path) -> None:
    done = aotracec("run", "-q", script)
    assert (done.returncode, done.stderr) == (0, "")
    printed, _, maps = done.stdout.partition("\n\n")
    assert printed.splitlines() == ["library", "41", "40", "8", "4"]
    assert sorted(maps.split("\n")) == ["", "", "@seen[41]: 2", "@seen[9]: 2"]


def test_the_object_needs_no_library(script: Path, tmp_path: Path) -> None:
    made = tmp_path / "alone.bpf.o"
    assert aotracec("build", script, "-o", made).returncode == 0
    for file in (script.parent / "lib").iterdir():
        file.unlink()
    run = [str(console_script("aotrace")), "run", "-q", str(made)]
    done = subprocess.run(run, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout.splitlines()[:2]) == (0, ["library", "41"])


@pytest.mark.needs("bpftool")
def test_the_verifiers_lines_are_those_of_the_files(script: Path, tmp_path: Path) -> None:
    made, pinned = tmp_path / "lines.bpf.o", Path("/sys/fs/bpf") / tmp_path.name
    assert aotracec("build", script, "-o", made).returncode == 0
    try:
        subprocess.run(["bpftool", "prog", "loadall", made, pinned], check=True)
        program = str(pinned / "p1_begin")
        dump = ["bpftool", "prog", "dump", "xlated", "pinned", program, "linum"]
        lines = subprocess.run(dump, check=True, capture_output=True, text=True).stdout
    finally:
        subprocess.run(["rm", "-rf", pinned], check=True)
    library = script.parent / "lib" / "all.bt"
    assert f"; @map[$n] = TWO; [file:{library} line_num:6" in lines
    assert f"; print($n); [file:{script} line_num:8" in lines


def test_a_world_writable_library_is_refused(script: Path) -> None:
    (script.parent / "lib").chmod(0o777)
    made = script.with_suffix(".o")
    done = aotracec("build", script, "-o", made)
    assert done.returncode == 1
    assert "everyone may write to" in done.stderr
    assert not made.exists()
