"""bpftrace 0.27 of Debian forky, in a root file system of its own, for comparison.

`python -m tests.support.forky` lays the root file system into the cache once; run() and
command() start programs in it. Needs root: debootstrap, chroot and mount do.
"""

from __future__ import annotations

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

# The mounts live in a namespace of their own and vanish with the last process in it: nothing to
# clean up, and nothing of the machine is ever deleted through a folder of the project.
_ENTER = """
root=$1; place=$2; shift 2
for folder in proc sys dev tmp; do
    mkdir -p "$root/$folder"
    mount --rbind "/$folder" "$root/$folder"
done
mkdir -p "$root$place"
mount --rbind "$place" "$root$place"
mountpoint -q "$root/sys/kernel/tracing" || mount -t tracefs tracefs "$root/sys/kernel/tracing"
exec chroot "$root" /bin/sh -c 'cd "$1"; shift; exec "$@"' sh "$place" "$@"
"""


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


def command(argv: list[str], folder: Path) -> list[str]:
    """The argv that runs another one in forky's root, in that folder (same path in there)."""
    enter = ["unshare", "--mount", "--propagation", "private", "sh", "-ec", _ENTER]
    return [*enter, "sh", str(ROOT), str(folder.resolve()), *argv]


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
