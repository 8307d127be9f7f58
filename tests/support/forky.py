"""bpftrace 0.27 of Debian forky, in a root file system of its own, for comparison.

`python -m tests.support.forky` lays the root file system into the cache once (as root: debootstrap
wants it); bpftrace27() then gives the argv that runs it.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

from tests.support.mirror import MirrorError, debian_mirror
from tests.support.places import CACHE, program

ROOT = CACHE / "forky"
# Suites are set up alike for years; any debootstrap has the script of one of them.
_SCRIPTS = Path("/usr/share/debootstrap/scripts")
_KNOWN_SUITES = ("forky", "trixie", "bookworm", "sid")


def is_ready() -> bool:
    return (ROOT / "usr/bin/bpftrace").exists()


def prepare() -> None:
    """Builds the root file system; it appears only when it is whole. Raises MirrorError."""
    debootstrap = program("debootstrap")
    if debootstrap is None:
        raise MirrorError("no debootstrap: install the package debootstrap")
    partial = ROOT.with_suffix(".partial")
    shutil.rmtree(partial, ignore_errors=True)
    script = next(path for name in _KNOWN_SUITES if (path := _SCRIPTS / name).exists())
    options = ["--variant=minbase", "--include=bpftrace"]
    done = subprocess.run(
        [debootstrap, *options, "forky", partial, debian_mirror(), script],
        capture_output=True,
        text=True,
    )
    if done.returncode != 0:
        raise MirrorError("debootstrap: " + (done.stderr or done.stdout).strip())
    for archive in (partial / "var/cache/apt/archives").glob("*.deb"):
        archive.unlink()
    partial.rename(ROOT)


def bpftrace27(*arguments: str) -> list[str]:
    """The argv that runs bpftrace 0.27 with its own libraries on this machine's own files.

    No chroot: paths, mounts and namespaces are those of the program it is compared with.
    """
    linker = ROOT / "lib64/ld-linux-x86-64.so.2"
    libraries = ROOT / "usr/lib/x86_64-linux-gnu"
    options = ["--argv0", "bpftrace", "--library-path", str(libraries)]
    return [str(linker), *options, str(ROOT / "usr/bin/bpftrace"), *arguments]


def guest_files() -> tuple[Path, ...]:
    """bpftrace, its dynamic linker and what that finds for it: what a guest needs to run it."""
    argv = bpftrace27()
    linker, binary = Path(argv[0]), Path(argv[-1])
    folder = ROOT / "usr/lib/x86_64-linux-gnu"
    listed = subprocess.run(
        [linker, "--library-path", folder, "--list", binary], capture_output=True, text=True
    ).stdout
    found = re.findall(r"=> (\S+)", listed)
    return linker, binary, *(Path(path) for path in found)


def main() -> int:
    try:
        if not is_ready():
            print("laying out Debian forky with bpftrace", flush=True)
            prepare()
    except MirrorError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
