"""Mounts the kernel's tracing file systems where tracers look for them; needs root."""

from __future__ import annotations

import os
import subprocess

_PLACES = (("tracefs", "/sys/kernel/tracing"), ("bpf", "/sys/fs/bpf"))


def mount_tracing() -> None:
    """Mounts tracefs and bpffs unless they are there; CalledProcessError if that is refused."""
    for kind, place in _PLACES:
        if not os.path.ismount(place):
            subprocess.run(["mount", "-t", kind, kind, place], check=True, capture_output=True)


if __name__ == "__main__":
    mount_tracing()
