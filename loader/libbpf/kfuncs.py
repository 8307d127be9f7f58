"""Kernel functions that programs may call (kfuncs): which there are, and who may call them."""

from __future__ import annotations

import ctypes
import os
import struct

from aotrace.loader.libbpf import abi
from aotrace.loader.libbpf.lib import BpfError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from aotrace.loader.libbpf.lib import Libbpf

_FUNC = 12  # BTF_KIND_FUNC
_PROG_LOAD = 5
_SYSCALLS = {"x86_64": 321, "aarch64": 280}
_CALL, _EXIT = 0x85, 0x95
_PSEUDO_KFUNC = 2  # BPF_PSEUDO_KFUNC_CALL
_TRACING, _FENTRY = 26, 24
_TRACED = "vfs_read"  # a function that a trial of fentry can be for
#: enum bpf_prog_type of what the probe types become; others are raw tracepoints
_TYPES = {
    "kprobe": 2, "kretprobe": 2, "uprobe": 2, "uretprobe": 2, "usdt": 2, "tracepoint": 5,
    "interval": 7, "profile": 7, "software": 7, "hardware": 7, "watchpoint": 7, "fentry": _TRACING,
    "fexit": _TRACING, "iter": _TRACING,
}  # fmt: skip
_RAW_TRACEPOINT = 17
_LOG = 4096
#: what the verifier says of a function that may not be called, and before Linux 5.13 of any
_REFUSALS = (b"is not allowed", b"reserved fields")
_FUNCTIONS = (("btf__free", None, (ctypes.c_void_p,), abi.PLAIN),)


def exists(lib: Libbpf, name: str) -> bool:
    """Whether the kernel's BTF has a function of that name."""
    return find(lib, name) > 0


def allowed(lib: Libbpf, probe_type: str, name: str) -> bool:
    """Whether the verifier lets programs of a probe type call it: it is asked."""
    function = find(lib, name)
    if function <= 0:
        return False
    said = _trial(lib, probe_type, function)
    return not any(refusal in said for refusal in _REFUSALS)


def find(lib: Libbpf, name: str) -> int:
    """The id of a function in the kernel's BTF; 0: it has none of that name."""
    lib.bind(_FUNCTIONS)
    btf = lib.btf__load_vmlinux_btf()
    try:
        found: int = lib.btf__find_by_name_kind(btf, name.encode(), _FUNC)
        return found
    except BpfError:
        return 0
    finally:
        lib.btf__free(btf)


def _trial(lib: Libbpf, probe_type: str, function: int) -> bytes:
    """What the verifier says of a program that calls a function and ends."""
    code = struct.pack("<BBhiBBhi", _CALL, _PSEUDO_KFUNC << 4, 0, function, _EXIT, 0, 0, 0)
    insns, license_ = ctypes.create_string_buffer(code), ctypes.create_string_buffer(b"GPL")
    log = ctypes.create_string_buffer(_LOG)
    kind = _TYPES.get(probe_type, _RAW_TRACEPOINT)
    attach_type, traced = (_FENTRY, find(lib, _TRACED)) if kind == _TRACING else (0, 0)
    attr = struct.pack(
        "<IIQQIIQII16sII36xI8x", kind, 2, ctypes.addressof(insns), ctypes.addressof(license_),
        1, _LOG, ctypes.addressof(log), 0, 0, b"", 0, attach_type, traced,
    )  # fmt: skip
    held = ctypes.create_string_buffer(attr)
    number = _SYSCALLS[os.uname().machine]
    fd: int = lib.libc.syscall(number, _PROG_LOAD, held, len(attr))
    if fd >= 0:
        os.close(fd)
    return log.value
