"""What this machine must be able to do before a program can be loaded here."""

from __future__ import annotations

import os

from aotrace.loader.errors import LoaderError, ObjectError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from aotrace.runtime.metadata import Metadata

BTF = "/sys/kernel/btf/vmlinux"
_STATUS = "/proc/self/status"
# linux/capability.h: any of the first, or all of the second
_SYS_ADMIN = 1 << 21
_BPF = 1 << 39
_PERFMON = 1 << 38
_ARCHES = {"arm64": "aarch64", "amd64": "x86_64"}


def check_arch(path: str, arch: str) -> None:
    """An object reads registers and calls by one machine's rules. Raises ObjectError."""
    here = os.uname().machine
    if _ARCHES.get(arch, arch) != _ARCHES.get(here, here):
        hint = f"compile the script with --arch {here}"
        raise ObjectError(f"{path} was made for {arch}, and this machine is {here}", hint)


def check_safe(meta: Metadata, allowed: bool) -> None:
    """Raises LoaderError for a script that can do harm, unless that was allowed."""
    if meta.unsafe and not allowed:
        calls = ", ".join(f"{name}()" for name in meta.unsafe)
        raise LoaderError(f"{meta.script} can do harm: it calls {calls}", "--unsafe allows it")


def check_privileges() -> None:
    """Root, or CAP_BPF and CAP_PERFMON. Raises LoaderError."""
    held = _effective_capabilities()
    if held is None or held & _SYS_ADMIN or (held & _BPF and held & _PERFMON):
        return
    what = "CAP_PERFMON is" if held & _BPF else "CAP_BPF and CAP_PERFMON are"
    raise LoaderError(
        f"not allowed to load BPF programs: {what} missing", "run it as root, or with sudo"
    )


def _effective_capabilities() -> int | None:
    try:
        with open(_STATUS) as file:
            for line in file:
                if line.startswith("CapEff:"):
                    return int(line.split()[1], 16)
    except (OSError, ValueError, IndexError):
        pass
    return None


def has_btf() -> bool:
    """Whether the kernel carries its BTF, which relocations need."""
    return os.path.exists(BTF)
