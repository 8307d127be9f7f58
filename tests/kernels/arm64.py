"""Debian's arm64 kernel, emulated: a RAM disk of Debian's arm64 packages, our loader and objects.

`python -m tests.kernels.arm64` fetches the packages. There is no shared folder: what the guest has
to say comes over its serial console, between two lines that mark it.
"""

from __future__ import annotations

import contextlib
import gzip
import json
import os
import shutil
import struct
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.kernels.catalog import KERNEL_CACHE
from tests.kernels.image import Archive
from tests.kernels.vm import VmError
from tests.support.mirror import MirrorError, PrivateApt
from tests.support.observe import Job, Result
from tests.support.places import LOADER_PARTS, PROJECT, SYSTEM_PYTHON, program

FOLDER = KERNEL_CACHE / "arm64"
BTF = FOLDER / "vmlinux.btf"
EMULATOR = "qemu-system-aarch64"
_SUITES = ("bookworm", "bookworm-security")
_KERNEL = r"linux-image-6\.1\.[^a-z]*-arm64-unsigned"
_PYTHON = "python3.11"  # the suite's
_PACKAGES = (
    "busybox-static", f"{_PYTHON}-minimal", f"lib{_PYTHON}-minimal", f"lib{_PYTHON}-stdlib",
    "libbpf1", "libelf1", "zlib1g", "libc6", "libexpat1", "libffi8",
)  # fmt: skip
_BTF_HEADER = struct.Struct("<HBBIIIII")
_BTF_START = b"\x9f\xeb\x01\x00\x18\x00\x00\x00"  # magic, version, flags, length of the header
_BTF_LEAST = 1_000_000  # bytes of types: what else looks like a header has none behind it
_UNUSED = {"share", "test", "idlelib", "lib2to3", "ensurepip", "distutils", "__pycache__"}
_LIBRARY = "usr/lib/python3/dist-packages/aotrace"
_PLAN, _BEGIN, _END = "/plan", "=== results", "=== end of results"
_SECONDS = 300
_ATTEMPTS = 2

_AOTRACE = f"""#!{SYSTEM_PYTHON} -S
import sys
sys.path.append("/{os.path.dirname(_LIBRARY)}")
from aotrace.loader.cli import main
sys.exit(main())
"""
_INIT = f"""#!/bin/busybox sh
/bin/busybox mkdir -p /sbin
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
mount -t tracefs tracefs /sys/kernel/tracing
mount -t bpf bpf /sys/fs/bpf
ip link set lo up
export PATH=/bin:/usr/bin HOME=/root LANG=C.UTF-8 PYTHONDONTWRITEBYTECODE=1
{SYSTEM_PYTHON} -S {PROJECT}/tests/kernels/guest.py {_PLAN}
echo "{_BEGIN}"
cat {_PLAN}/results.jsonl
echo "{_END}"
poweroff -f
"""


def is_fetched() -> bool:
    return BTF.is_file()


def fetch() -> None:
    """Downloads and unpacks all; the folder appears only when it is whole. Raises MirrorError."""
    partial = FOLDER.with_name("arm64.partial")
    shutil.rmtree(partial, ignore_errors=True)
    apt = PrivateApt(KERNEL_CACHE / "apt-arm64", _SUITES, "arm64")
    apt.update()
    for name, folder in ((apt.newest(_KERNEL), "kernel"), *((p, "root") for p in _PACKAGES)):
        package = apt.download(name, KERNEL_CACHE / "archives")
        (partial / folder).mkdir(parents=True, exist_ok=True)
        subprocess.run(["dpkg-deb", "--extract", package, partial / folder], check=True)
        package.unlink()
    image = next((partial / "kernel/boot").glob("vmlinuz-*"))
    (partial / BTF.name).write_bytes(_btf_of(image.read_bytes()))
    shutil.rmtree(FOLDER, ignore_errors=True)
    partial.rename(FOLDER)


def _btf_of(image: bytes) -> bytes:
    """The BTF that lies within a kernel's image, as it would be in /sys/kernel/btf/vmlinux."""
    image = gzip.decompress(image) if image.startswith(b"\x1f\x8b") else image
    at = image.find(_BTF_START)
    while at >= 0:
        _, _, _, header, types, type_size, strings, string_size = _BTF_HEADER.unpack_from(image, at)
        end = header + max(types + type_size, strings + string_size)
        if type_size >= _BTF_LEAST and at + end <= len(image):
            return image[at : at + end]
        at = image.find(_BTF_START, at + 1)
    raise MirrorError("the kernel's image has no BTF")


def run(jobs: list[Job], objects: list[Path]) -> list[Result]:
    """Runs the jobs in one boot; the objects are at /NAME there. Raises VmError."""
    initrd = FOLDER / "initrd.cpio"
    initrd.write_bytes(_image(jobs, objects))
    kernel = next((FOLDER / "kernel/boot").glob("vmlinuz-*"))
    command = [
        *(str(program(EMULATOR)), "-M", "virt", "-cpu", "cortex-a57", "-smp", "2", "-m", "1G"),
        *("-display", "none", "-nodefaults", "-serial", "stdio", "-no-reboot"),
        *("-kernel", str(kernel), "-initrd", str(initrd)),
        *("-append", "console=ttyAMA0 panic=-1 quiet"),
    ]
    for _ in range(_ATTEMPTS):
        if (lines := _results(console := _boot(command))) is not None:
            return [Result.from_json(json.loads(line)) for line in lines]
    raise VmError("the arm64 guest did not finish:\n" + "\n".join(console.splitlines()[-40:]))


def _boot(command: list[str]) -> str:
    """Until it powers off or the time is up; the console's text."""
    with tempfile.TemporaryFile() as console:
        with contextlib.suppress(subprocess.TimeoutExpired):
            subprocess.run(
                command, stdin=subprocess.DEVNULL, stdout=console, stderr=subprocess.STDOUT,
                timeout=_SECONDS,
            )  # fmt: skip
        console.seek(0)
        return console.read().decode("utf-8", "replace").replace("\r\n", "\n")


def _results(console: str) -> list[str] | None:
    """The line of each job; None if the guest did not come to its end."""
    _, began, rest = console.partition(f"{_BEGIN}\n")
    said, ended, _ = rest.partition(_END)
    if not (began and ended):
        return None
    return [line for line in said.splitlines() if line.startswith("{")]


def _image(jobs: list[Job], objects: list[Path]) -> bytes:
    archive = Archive()
    for folder in ("proc", "sys", "dev", "tmp", "root", "run", "bin"):
        archive.add_folder(folder)
    for path in _files(FOLDER / "root"):
        name = str(path.relative_to(FOLDER / "root"))
        if path.is_symlink():
            archive.add_link(name, os.readlink(path))
        else:
            archive.add_file(path, name)
    archive.add_link(str(SYSTEM_PYTHON), _PYTHON)
    for part in LOADER_PARTS:
        for path in (PROJECT / part).rglob("*.py"):
            archive.add_file(path, f"{_LIBRARY}/{path.relative_to(PROJECT)}")
    for part in ("tests/support", "tests/kernels"):
        for path in (PROJECT / part).glob("*.py"):
            archive.add_file(path)
    for path in objects:
        archive.add_file(path, path.name)
    archive.add_bytes("usr/bin/aotrace", _AOTRACE.encode(), 0o755)
    plan = json.dumps([job.to_json() for job in jobs])
    archive.add_bytes(f"{_PLAN}/plan.json", plan.encode())
    archive.add_bytes("init", _INIT.encode(), 0o755)
    return archive.finish()


def _files(root: Path) -> Iterator[Path]:
    """What a guest needs of the packages."""
    for path in sorted(root.rglob("*")):
        wanted = not _UNUSED.intersection(path.relative_to(root).parts)
        if wanted and (path.is_symlink() or path.is_file()):
            yield path


def main() -> int:
    try:
        if not is_fetched():
            print("fetching the arm64 kernel and what runs on it", flush=True)
            fetch()
    except (MirrorError, subprocess.CalledProcessError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
