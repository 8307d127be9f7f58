"""Objects through bpftool, as any user of libbpf would load them; nothing is attached."""

from __future__ import annotations

import subprocess
from pathlib import Path

BPFFS = Path("/sys/fs/bpf")


def load_all(path: Path) -> None:
    """Load every program of an object and let it go again; AssertionError with what was said."""
    folder = BPFFS / f"aotrace-test-{path.parent.name}-{path.name.partition('.')[0]}"
    argv = ["bpftool", "prog", "loadall", str(path), str(folder)]
    try:
        done = subprocess.run(argv, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr[-4000:]
    finally:
        for pinned in folder.glob("*"):
            pinned.unlink()
        if folder.exists():
            folder.rmdir()
