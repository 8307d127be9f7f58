"""Programs that scripts trace in user space, with DWARF and static probes."""

from __future__ import annotations

import functools
import subprocess
import tempfile
from pathlib import Path

SOURCES = Path(__file__).parent
_COMPILERS = {".c": "gcc", ".cc": "g++"}
FLAGS = ("-g", "-O1", "-fno-omit-frame-pointer")


def build(name: str, folder: Path, *flags: str) -> Path:
    """Compile SOURCES/NAME.c or .cc; flags come behind the usual ones."""
    source = next(found for suffix in _COMPILERS if (found := SOURCES / f"{name}{suffix}").exists())
    built = folder / name
    compiler = _COMPILERS[source.suffix]
    subprocess.run([compiler, *FLAGS, *flags, str(source), "-o", str(built)], check=True)
    return built


@functools.cache
def shared(name: str) -> Path:
    """The program of that name, built once for this process; it goes with the process."""
    return build(name, Path(_folder().name))


@functools.cache
def _folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="traced")
