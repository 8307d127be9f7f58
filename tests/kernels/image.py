"""The guest's root: an initial RAM disk of busybox, the system's python3, libbpf and our loader.

A root in memory makes a guest's python start in a fraction of a second; over 9p it takes several.
It also proves what the loader needs: nothing is in there but a bare Python and libbpf.
"""

from __future__ import annotations

import itertools
import lzma
import os
import re
import stat
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from tests.kernels.catalog import Kernel
from tests.support.places import LOADER_PARTS, PROJECT, SYSTEM_PYTHON, program

# What the kernels need to reach the shared folder.
_MODULES = ("virtio_pci", "9pnet_virtio", "9p")
_UNUSED_LIBRARY = {
    *("test", "idlelib", "tkinter", "lib2to3", "ensurepip", "distutils", "pydoc_data"),
    *("turtledemo", "unittest", "sqlite3", "dbm", "curses", "wsgiref", "dist-packages"),
}
_PACKAGES = Path("/usr/lib/python3/dist-packages/aotrace")
_GUEST_FOLDERS = ("tests/support", "tests/kernels")

# without what site.py does: in emulation it takes as long as the loader's own modules
_COMMAND = """#!/usr/bin/python3 -SE
import sys
sys.path.append("/usr/lib/python3/dist-packages")
from aotrace.loader.cli import main
sys.exit(main())
"""

_INIT = """#!/bin/busybox sh
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
mkdir -p /tmp
mkdir -p /dev/shm /dev/pts
mount -t devpts devpts /dev/pts
ln -s /proc/self/fd /dev/fd
mount -t tracefs tracefs /sys/kernel/tracing
mount -t debugfs debugfs /sys/kernel/debug
mount -t bpf bpf /sys/fs/bpf
mount -t cgroup2 cgroup2 /sys/fs/cgroup
ip link set lo up
for module in /modules/*; do insmod $module; done
mkdir -p {shared}
mount -t 9p -o trans=virtio,version=9p2000.L,msize=262144 shared {shared}
export PATH=/bin:/usr/bin HOME=/root LANG=C.UTF-8 PYTHONDONTWRITEBYTECODE=1
{python} {guest} {shared}
echo guest.py ended with status $?
poweroff -f
"""


class Extras(NamedTuple):
    """What a guest needs beside the loader.

    Programs and other files of this machine, modules of its kernel, folders of the project.
    """

    programs: tuple[Path, ...] = ()
    files: tuple[Path, ...] = ()
    modules: tuple[str, ...] = ()
    folders: tuple[Path, ...] = ()

    @classmethod
    def of_all(cls, several: Iterable[Extras]) -> Extras:
        """All that each of them has, once."""
        columns = list(zip(*several)) or [()] * len(cls._fields)
        return cls(*(tuple(dict.fromkeys(itertools.chain(*column))) for column in columns))


class Archive:
    """A cpio archive in the "newc" format (kernel: Documentation/driver-api/early-userspace)."""

    def __init__(self) -> None:
        self._chunks: list[bytes] = []
        self._names: set[str] = set()

    def add_bytes(self, name: str, content: bytes, mode: int = 0o644, mtime: int = 0) -> None:
        """Adds one regular file; the folders above it come by themselves."""
        self._add(name, stat.S_IFREG | mode, content, mtime)

    def add_link(self, name: str, target: str) -> None:
        self._add(name, stat.S_IFLNK | 0o777, target.encode())

    def add_folder(self, name: str) -> None:
        self._add(name, stat.S_IFDIR | 0o755, b"")

    def add_file(self, source: Path, name: str | None = None) -> None:
        """Adds a file of this machine, under its own path unless another is given.

        The time is kept: Python compares it with the one noted in the compiled module.
        """
        status = source.stat()
        path = name or str(source)
        mode = stat.S_IMODE(status.st_mode)
        self.add_bytes(path, source.read_bytes(), mode, int(status.st_mtime))

    def finish(self) -> bytes:
        return b"".join([*self._chunks, _entry(0, "TRAILER!!!", 0, b"", 0)])

    def _add(self, name: str, mode: int, content: bytes, mtime: int = 0) -> None:
        path = name.strip("/")
        if path in self._names:
            return
        parent = os.path.dirname(path)
        if parent:
            self.add_folder(parent)
        self._names.add(path)
        self._chunks.append(_entry(len(self._names), path, mode, content, mtime))


def _entry(number: int, name: str, mode: int, content: bytes, mtime: int) -> bytes:
    links = 2 if stat.S_ISDIR(mode) else 1
    encoded = name.encode() + b"\0"
    fields = (number, mode, 0, 0, links, mtime, len(content), 0, 0, 0, 0, len(encoded), 0)
    head = b"070701" + b"".join(b"%08X" % field for field in fields) + encoded
    return _padded(head) + _padded(content)


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 4)


def write_image(kernel: Kernel, shared: Path, image: Path, extras: Extras) -> None:
    """Writes the RAM disk with which a kernel boots, prepares itself and runs guest.py."""
    archive = Archive()
    for folder in ("proc", "sys", "dev", "tmp", "root", "run", "var/tmp"):
        archive.add_folder(folder)
    archive.add_bytes("etc/passwd", b"root:x:0:0:root:/root:/bin/sh\n")
    archive.add_file(Path("/etc/ld.so.cache"))  # libraries by their names
    archive.add_bytes("etc/hosts", b"127.0.0.1 localhost\n::1 localhost\n")
    _add_programs(archive, extras.programs)
    _add_modules(archive, kernel, (*_MODULES, *extras.modules))
    _add_project(archive)
    for path in (*extras.files, *(file for place in extras.folders for file in _sources(place))):
        archive.add_file(path)
    guest = PROJECT / "tests/kernels/guest.py"
    init = _INIT.format(shared=shared, python=SYSTEM_PYTHON, guest=guest)
    archive.add_bytes("init", init.encode(), 0o755)
    image.write_bytes(archive.finish())


def _add_programs(archive: Archive, more: tuple[Path, ...]) -> None:
    busybox = program("busybox")
    if busybox is None:
        raise FileNotFoundError("busybox: install the package busybox-static")
    archive.add_file(busybox, "/bin/busybox")
    python = SYSTEM_PYTHON.resolve()
    archive.add_file(python, str(SYSTEM_PYTHON))
    library = Path("/usr/lib") / python.name
    for file in _standard_library(library):
        archive.add_file(file)
    libbpf = _shared_library("libbpf.so.1")
    extensions = sorted((library / "lib-dynload").glob("*.so"))
    for needed in _needed_libraries([python, libbpf, *extensions, *more]):
        archive.add_file(needed)
    for file in more:
        archive.add_file(file)
    archive.add_file(libbpf)


def _standard_library(library: Path) -> Iterator[Path]:
    for place, folders, files in os.walk(library):
        folders[:] = [name for name in folders if name not in _UNUSED_LIBRARY]
        for name in files:
            if not name.endswith((".opt-1.pyc", ".opt-2.pyc", ".a", ".o")):
                yield Path(place, name)


def _shared_library(name: str) -> Path:
    """Where the dynamic linker finds a library; FileNotFoundError if it does not."""
    cache = subprocess.run(["/sbin/ldconfig", "-p"], capture_output=True, text=True, check=True)
    found = re.search(rf"^\s*{re.escape(name)} .*x86-64.* => (\S+)$", cache.stdout, re.MULTILINE)
    if not found:
        raise FileNotFoundError(f"{name}: install the package libbpf1")
    return Path(found[1])


def _needed_libraries(binaries: list[Path]) -> list[Path]:
    listing = subprocess.run(["ldd", *binaries], capture_output=True, text=True).stdout
    return [Path(path) for path in sorted(set(re.findall(r"(/\S+\.so\S*) \(0x", listing)))]


def _add_modules(archive: Archive, kernel: Kernel, names: tuple[str, ...]) -> None:
    """The modules in the order in which they load; one that is not listed is built in."""
    folder = kernel.folder / "lib/modules" / kernel.version
    needs = dict(line.split(":", 1) for line in (folder / "modules.dep").read_text().splitlines())
    by_name = {path.rpartition("/")[2].partition(".ko")[0]: path for path in needs}
    wanted = [by_name[name] for name in names if name in by_name]
    ordered = dict.fromkeys(
        path for module in wanted for path in (*reversed(needs[module].split()), module)
    )
    for number, path in enumerate(ordered):
        content = (folder / path).read_bytes()
        plain = lzma.decompress(content) if path.endswith(".xz") else content
        archive.add_bytes(f"modules/{number:02}.ko", plain)


def _add_project(archive: Archive) -> None:
    for part in LOADER_PARTS:
        for file in _sources(PROJECT / part):
            archive.add_file(file, str(_PACKAGES / file.relative_to(PROJECT)))
    for folder in _GUEST_FOLDERS:
        for file in _sources(PROJECT / folder):
            archive.add_file(file)
    archive.add_file(PROJECT / "tests/__init__.py")
    archive.add_bytes("usr/bin/aotrace", _COMMAND.encode(), 0o755)


def _sources(folder: Path) -> list[Path]:
    """The sources and what the system's Python makes of them; compiling in the guest is slow."""
    subprocess.run([SYSTEM_PYTHON, "-m", "compileall", "-q", folder], check=True)
    tag = f"*.{_cache_tag()}.pyc"
    return sorted([*folder.rglob("*.py"), *folder.rglob(tag)])


def _cache_tag() -> str:
    return SYSTEM_PYTHON.resolve().name.replace("python", "cpython-").replace(".", "")
