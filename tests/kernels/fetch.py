"""Fetches the kernels of the catalog into the cache, boots each once and keeps what it tells.

Run as `python -m tests.kernels.fetch [NAME ...]`. A kernel that is complete in the cache is left
alone, so a second run costs nothing; remove its folder to fetch a newer one.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.kernels.catalog import KERNEL_CACHE, KERNELS, Kernel, kernel
from tests.kernels.snapshot import take_snapshot
from tests.kernels.vm import VmError
from tests.support.mirror import MirrorError, PrivateApt
from tests.support.observe import JobError


def fetch(wanted: Kernel, apt: PrivateApt) -> None:
    """Downloads and unpacks one kernel; the folder appears only when all of it is there."""
    partial = wanted.folder.with_name(wanted.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    for pattern in wanted.packages:
        package = apt.download(apt.newest(pattern), KERNEL_CACHE / "archives")
        _unpack(package, partial)
        package.unlink()
    _settle_layout(partial)
    version = next((partial / "lib/modules").iterdir()).name
    subprocess.run(["/sbin/depmod", "-b", partial, version], check=True, stderr=subprocess.DEVNULL)
    shutil.rmtree(wanted.folder, ignore_errors=True)
    partial.rename(wanted.folder)


def _unpack(package: Path, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    subprocess.run(["dpkg-deb", "--extract", package, folder], check=True)


def _settle_layout(folder: Path) -> None:
    """Newer packages keep all under usr/lib/modules; virtme-ng looks in boot/ and lib/modules/."""
    if not (folder / "lib").exists():
        (folder / "usr/lib").rename(folder / "lib")
    (folder / "boot").mkdir(exist_ok=True)
    for image in folder.glob("lib/modules/*/vmlinuz"):
        image.rename(folder / "boot" / f"vmlinuz-{image.parent.name}")
    shutil.rmtree(folder / "usr", ignore_errors=True)


def make_complete(wanted: tuple[Kernel, ...]) -> None:
    """Fetches what is not there and copies out each kernel's BTF and tracepoint formats."""
    missing = [one for one in wanted if not one.is_fetched]
    if missing:
        apt = PrivateApt(KERNEL_CACHE / "apt", tuple(dict.fromkeys(one.suite for one in missing)))
        apt.update()
    for one in missing:
        print(f"fetching kernel {one.name} from {one.suite}", flush=True)
        fetch(one, apt)
    incomplete = [one for one in wanted if not one.is_complete]
    for one in incomplete:
        print(f"booting {one.version} to copy out its BTF and tracepoints", flush=True)
    with ThreadPoolExecutor(2) as pool:
        for _ in pool.map(take_snapshot, incomplete):
            pass


def main(names: list[str]) -> int:
    wanted = tuple(kernel(name) for name in names) if names else KERNELS
    try:
        make_complete(wanted)
    except (MirrorError, VmError, JobError, subprocess.CalledProcessError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    for one in wanted:
        print(f"{one.name:6} {one.version:28} {one.folder}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
