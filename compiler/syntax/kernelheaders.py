"""Where the headers of a kernel are: its source, and what building it made of that.

They come after the system's own, so that no script means another thing where they are installed.
"""

from __future__ import annotations

import os

_FOLDER_OF = {"x86_64": "x86", "aarch64": "arm64"}  # the kernel's names of architectures
_MODULES = "/lib/modules"


def folders(arch: str, modules: str = _MODULES) -> tuple[str, ...]:
    """Those that are there, of the kernel that runs or that the environment names."""
    own = os.path.join(modules, os.uname().release)
    build = os.environ.get("BPFTRACE_KERNEL_BUILD") or os.path.join(own, "build")
    source = os.environ.get("BPFTRACE_KERNEL_SOURCE") or os.path.join(own, "source")
    if not os.path.isdir(source):
        source = build
    machine = f"arch/{_FOLDER_OF.get(arch, arch)}/include"
    found = (
        os.path.join(source, machine), os.path.join(build, machine, "generated"),
        os.path.join(source, "include"), os.path.join(build, "include"),
        os.path.join(source, machine, "uapi"), os.path.join(build, machine, "generated/uapi"),
        os.path.join(source, "include/uapi"), os.path.join(build, "include/generated/uapi"),
    )  # fmt: skip
    return tuple(folder for folder in dict.fromkeys(found) if os.path.isdir(folder))
