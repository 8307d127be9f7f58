"""Where things lie: the project, its cache, and the programs that the tests start."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
BUILD = PROJECT / "build"
CACHE = PROJECT / ".cache"
PACKS = PROJECT / "packs"

# The interpreter of a bare Debian target: no package of ours or of anybody else is installed there.
SYSTEM_PYTHON = Path("/usr/bin/python3")
# compiler/, loader/ and runtime/ under their package names (the Makefile lays the links).
SOURCE_ROOT = BUILD / "src"
LOADER_PARTS = ("loader", "runtime")


def console_script(name: str) -> Path:
    """The console script installed beside the interpreter that runs the tests."""
    return Path(sys.executable).parent / name


def program(name: str) -> Path | None:
    """A program of the machine, looked for in the administrator's folders too."""
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin:/usr/local/sbin")
    return Path(found) if found else None
