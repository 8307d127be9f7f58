"""Who is measured: each tracer turns a script into the argv of a process that traces.

One script serves all: it keeps to what bpftrace 0.17 understands as well.
"""

from __future__ import annotations

import subprocess
import sys
import sysconfig
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.support.forky import bpftrace27, is_ready
from tests.support.places import BUILD, SOURCE_ROOT, SYSTEM_PYTHON, program


@dataclass(frozen=True)
class Tracer:
    """prepare(script) does what need not be done on the target and gives the argv to measure."""

    name: str
    prepare: Callable[[Path], list[str]]


def present_tracers() -> list[Tracer]:
    """Ours first, then every bpftrace that is installed."""
    tracers = [Tracer("aotrace", prepare_ours)]
    debian = program("bpftrace")
    if debian is not None:
        path = str(debian)
        version = _version([path])
        tracers.append(Tracer(f"bpftrace {version}", lambda script: [path, str(script)]))
    if is_ready():
        version = _version(bpftrace27())
        tracers.append(Tracer(f"bpftrace {version}", lambda script: bpftrace27(str(script))))
    return tracers


def build_command(script: Path, target: Path) -> list[str]:
    """As an ordinary installation runs: without the import hook of this editable one."""
    packages = sysconfig.get_path("purelib")
    start = (
        f"import sys; sys.path[:0] = [{str(SOURCE_ROOT)!r}, {packages!r}]; "
        "from aotrace.compiler.cli import main; sys.exit(main())"
    )
    return [sys.executable, "-S", "-c", start, "build", str(script), "-o", str(target)]


def prepare_ours(script: Path) -> list[str]:
    """Compiles, and runs the loader as on a target: the system's Python and nothing else."""
    target = BUILD / "bench" / f"{script.stem}.bpf.o"
    subprocess.run(build_command(script, target), check=True)
    start = (
        f"import sys; sys.path.insert(0, {str(SOURCE_ROOT)!r}); "
        "from aotrace.loader.cli import main; sys.exit(main())"
    )
    return [str(SYSTEM_PYTHON), "-c", start, "run", str(target)]


def _version(command: list[str]) -> str:
    said = subprocess.run([*command, "--version"], capture_output=True, text=True, check=True)
    return said.stdout.split()[-1].lstrip("v")
