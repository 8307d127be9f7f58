"""All that is known of the kernel a script is built for, opened from files or this machine."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from aotrace.compiler.frozen import dataclass

from .btf import Btf
from .errors import KernelDataError
from .functions import Functions
from .modules import ModuleBtfs
from .tracepoint_formats import Formats, machine_formats, open_formats
from .tracepoints import Tracepoints

BTF_DIRECTORY = Path("/sys/kernel/btf")


@dataclass(frozen=True)
class KernelSources:
    """One kernel: its types, tracepoints and functions, and the types of its modules."""

    btf: Btf
    tracepoints: Tracepoints
    functions: Functions
    modules: ModuleBtfs

    def everywhere(self) -> Iterator[Btf]:
        """The kernel's own types, then each module's."""
        yield self.btf
        yield from self.modules


def open_sources(
    btf_path: Path | None = None,
    tracepoints_path: Path | None = None,
    arch: str | None = None,
    btf_directory: Path = BTF_DIRECTORY,
) -> KernelSources:
    """Open what the paths name; without any, what the running kernel offers.

    The formats and modules of the running kernel are used with its own BTF only, never with
    that of another kernel. `arch` chooses the table of system calls, by default this machine's.
    Raises KernelDataError if a file is missing or not what it should be.
    """
    own = btf_path is None
    btf = _own_btf(btf_directory) if btf_path is None else Btf.open(btf_path)
    modules = ModuleBtfs(btf, btf_directory if own else None)
    formats = _formats(tracepoints_path, own)
    tracepoints = Tracepoints(btf, formats, arch or os.uname().machine, modules)
    return KernelSources(btf, tracepoints, Functions(btf, modules), modules)


def _own_btf(directory: Path) -> Btf:
    path = directory / "vmlinux"
    if path.exists():
        return Btf.open(path)
    raise KernelDataError(
        f"{path}: this kernel has no BTF",
        "use --btf FILE with the BTF of the kernel to build for: a copy of its"
        " /sys/kernel/btf/vmlinux, or its vmlinux built with CONFIG_DEBUG_INFO_BTF=y",
    )


def _formats(path: Path | None, own: bool) -> Formats | None:
    if path is not None:
        return open_formats(path)
    return machine_formats() if own else None
