"""What a test may ask of the machine: one record per thing, with a probe that says what is missing.

Used through the marker: @pytest.mark.needs("root", "bpf"). On a developer's machine a test whose
need is not met is skipped with the reason; in CI (the variable CI is set) it fails.
"""

from __future__ import annotations

import ctypes
import errno
import functools
import os
import socket
from collections.abc import Callable

from aotrace.compiler.objfile.external import find_clang

from tests.kernels import arm64
from tests.kernels.catalog import KERNELS
from tests.support import forky
from tests.support.places import SYSTEM_PYTHON, program

Probe = Callable[[], str]
"""Gives an empty string, or what is missing and what to do about it."""

_SYS_BPF = {"x86_64": 321, "aarch64": 280}
_BPF_MAP_CREATE = 0
_MAP_TYPE_ARRAY = 2


def _root() -> str:
    return "" if os.geteuid() == 0 else "not root: run it with sudo"


def _bpf() -> str:
    """Creates a map, the least that bpf(2) can do."""
    attributes = (ctypes.c_uint32 * 18)(_MAP_TYPE_ARRAY, 4, 4, 1)
    libc = ctypes.CDLL(None, use_errno=True)
    number = _SYS_BPF[os.uname().machine]
    made = libc.syscall(number, _BPF_MAP_CREATE, ctypes.byref(attributes), 72)
    if made < 0:
        return f"bpf(2) is refused here: {errno.errorcode[ctypes.get_errno()]}"
    os.close(made)
    return ""


def _btf() -> str:
    found = os.path.exists("/sys/kernel/btf/vmlinux")
    return "" if found else "this kernel has no BTF (CONFIG_DEBUG_INFO_BTF)"


def _libbpf() -> str:
    try:
        ctypes.CDLL("libbpf.so.1")
    except OSError:
        return "no libbpf.so.1: install the package libbpf1"
    return ""


def _libc_headers() -> str:
    found = os.path.exists("/usr/include/netinet/in.h")
    return "" if found else "no headers of libc: install the package libc6-dev"


def _ipv6() -> str:
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError as error:
        return f"no IPv6 on the loopback: {error}"
    return ""


def _arm64() -> str:
    missing = [n for n in (arm64.EMULATOR, "readelf", "bpftool") if program(n) is None]
    if missing:
        return f"no {' and no '.join(missing)}: make test-kernels installs them"
    return "" if arm64.is_fetched() else "arm64 kernel not fetched: run make kernels"


def _kernels() -> str:
    needed = ("qemu-system-x86_64", "busybox")
    missing = [name for name in needed if program(name) is None]
    if missing:
        return f"no {' and no '.join(missing)}: make test-kernels installs them"
    absent = [kernel.name for kernel in KERNELS if not kernel.is_complete]
    return f"kernels not fetched: {', '.join(absent)}; run make kernels" if absent else _libbpf()


def _bpftrace27() -> str:
    return "" if forky.is_ready() else "no bpftrace of Debian forky: run make test-differential"


def _clang() -> str:
    return "" if find_clang() else "no clang: install the package clang"


def _system_python() -> str:
    return "" if SYSTEM_PYTHON.exists() else f"no {SYSTEM_PYTHON}: install the package python3"


def _sdt() -> str:
    """Static probes: a header of SystemTap's, and the compilers of tests/support/traced."""
    places = ("/usr/include/sys/sdt.h", f"/usr/include/{os.uname().machine}-linux-gnu/sys/sdt.h")
    if not any(map(os.path.exists, places)):
        return "no sys/sdt.h: install the package systemtap-sdt-dev"
    return _program("gcc", "gcc")() or _program("g++", "g++")()


def _program(name: str, package: str) -> Probe:
    return lambda: "" if program(name) else f"no {name}: install the package {package}"


_PROBES: dict[str, Probe] = {
    "root": _root,
    "bpf": _bpf,
    "btf": _btf,
    "libbpf": _libbpf,
    "ipv6": _ipv6,
    "libc-headers": _libc_headers,
    "kernels": _kernels,
    "arm64": _arm64,
    "bpftrace27": _bpftrace27,
    "clang": _clang,
    "system-python": _system_python,
    "bpftrace": _program("bpftrace", "bpftrace"),
    "bpftool": _program("bpftool", "bpftool"),
    "readelf": _program("readelf", "binutils"),
    "gcc": _program("gcc", "gcc"),
    "sdt": _sdt,
}


@functools.cache
def missing(need: str) -> str:
    """What this machine lacks for that need, or an empty string; KeyError for an unknown need."""
    return _PROBES[need]()
