"""BPF functions in C, as a script imports them: compiled by clang, linked by libbpf's linker.

Both are programs of the build host: `clang` (or `clang-14` and the like) and bpftool, whose `gen
object` is that linker. What a script does without them needs neither.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from aotrace.compiler.arch import Arch
from aotrace.compiler.frozen import dataclass

_C, _OBJECT = ".bpf.c", ".bpf.o"
_VMLINUX = re.compile(r'^\s*#\s*include\s*["<]vmlinux\.h[">]', re.MULTILINE)
_PLACES = "/usr/sbin:/sbin:/usr/local/sbin"
_TARGETS = {"x86_64": "__TARGET_ARCH_x86", "aarch64": "__TARGET_ARCH_arm64"}


class ExternalError(Exception):
    """A file of C cannot be used; hint says what to do."""

    def __init__(self, message: str, *hints: str) -> None:
        super().__init__(message)
        self.hints = hints


@dataclass(frozen=True)
class Toolchain:
    """For what C is compiled: the machine, folders of headers, where the kernel's BTF is."""

    arch: Arch
    include_dirs: tuple[str, ...]
    btf: Path | None

    def object_of(self, path: str) -> bytes:
        """The object of a `.bpf.c`, or a `.bpf.o` as it is. Raises ExternalError."""
        try:
            if path.endswith(_OBJECT):
                return Path(path).read_bytes()
            text = Path(path).read_text(encoding="utf-8", errors="surrogateescape")
        except OSError as error:
            raise ExternalError(f"cannot read `{path}`: {error.strerror}") from error
        clang = find_clang()
        if clang is None:
            hint = "install the package clang; on the target it is not needed"
            raise ExternalError(f"cannot compile `{path}`: there is no clang here", hint)
        with tempfile.TemporaryDirectory(prefix="aotrace-") as folder:
            if _VMLINUX.search(text):
                Path(folder, "vmlinux.h").write_bytes(self._vmlinux())
            target = Path(folder, "out.o")
            _run(self._command(clang, path, folder, target), f"cannot compile `{path}`")
            return target.read_bytes()

    def _command(self, clang: str, path: str, folder: str, target: Path) -> list[str]:
        own = f"/usr/include/{self.arch.name}-linux-gnu"
        folders = (str(Path(path).parent), folder, *self.include_dirs, own)
        includes = [f"-I{each}" for each in folders]
        define = f"-D{_TARGETS[self.arch.name]}"
        options = ["-target", "bpf", "-mcpu=v3", "-O2", "-g", define]
        return [clang, *options, *includes, "-c", path, "-o", str(target)]

    def _vmlinux(self) -> bytes:
        """The kernel's types as a header."""
        btf = str(self.btf or "/sys/kernel/btf/vmlinux")
        command = [_bpftool("make vmlinux.h"), "btf", "dump", "file", btf, "format", "c"]
        return _run(command, "cannot make vmlinux.h of the kernel's types")


def link(ours: bytes, objects: Sequence[bytes]) -> bytes:
    """One object of all, ours first: what it says of places in its sections stays true."""
    with tempfile.TemporaryDirectory(prefix="aotrace-") as folder:
        files = []
        for number, data in enumerate((ours, *objects)):
            files.append(Path(folder, f"{number}.o"))
            files[-1].write_bytes(data)
        target = Path(folder, "linked.o")
        command = [_bpftool("link"), "gen", "object", str(target), *map(str, files)]
        _run(command, "cannot link the object with what it imports")
        return target.read_bytes()


def find_clang() -> str | None:
    """The path of clang: by its plain name, else the newest that has its version in it."""
    if found := shutil.which("clang"):
        return found
    numbered = (shutil.which(f"clang-{version}") for version in range(30, 9, -1))
    return next(filter(None, numbered), None)


def _bpftool(purpose: str) -> str:
    found = shutil.which("bpftool") or shutil.which("bpftool", path=_PLACES)
    if found is None:
        raise ExternalError(
            f"there is no bpftool here, to {purpose}", "install the package bpftool"
        )
    return found


def _run(command: list[str], failure: str) -> bytes:
    done = subprocess.run(command, capture_output=True, stdin=subprocess.DEVNULL)
    if done.returncode != 0:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        errors = [line for line in said if "error" in line] or said
        raise ExternalError(failure, *errors[:5])
    return done.stdout
