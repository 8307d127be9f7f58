"""The library itself: found, bound and listened to.

Every call that fails raises BpfError; what libbpf and the verifier had to say is in `Libbpf.log`.
"""

from __future__ import annotations

import ctypes
import mmap
import os

from aotrace.loader.errors import LoaderError
from aotrace.loader.libbpf import abi

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

LIBRARY = "libbpf.so.1"
#: libbpf's own limit of a verifier log, and the lines about it; only what is written to is there
_LOG_ROOM = (1 << 24) + (1 << 12)
_ENOTSUPP = 524  # the kernel's own, which libc has no words for
_LEVEL_NAMES = {abi.WARN: "WARN", abi.INFO: "INFO", abi.DEBUG: "DEBUG"}


class BpfError(Exception):
    """A call of libbpf or the kernel failed. `errno` is positive."""

    def __init__(self, function: str, errno: int) -> None:
        reason = "not supported by this kernel" if errno == _ENOTSUPP else os.strerror(errno)
        super().__init__(f"{function}: {reason}")
        self.function = function
        self.errno = errno


class Libbpf:
    """The bound functions of abi.FUNCTIONS, as attributes, and the messages that they printed."""

    def __init__(self, library: ctypes.CDLL, libc: ctypes.CDLL, verbose: bool) -> None:
        self.libc = libc
        self.log: list[str] = []
        self._library = library
        self.bind(abi.FUNCTIONS)
        self._print = _printer(libc, self.log, abi.DEBUG if verbose else abi.WARN, verbose)
        self.libbpf_set_print(self._print)

    def bind(self, functions: tuple[tuple[str, Any, tuple[Any, ...], str], ...]) -> None:
        """Make functions attributes: (name, result, arguments, failure), as in abi.FUNCTIONS."""
        for name, result, arguments, failure in functions:
            function = getattr(self._library, name)
            function.restype, function.argtypes = result, arguments
            check = _CHECKS[failure]
            if check:
                function.errcheck = check
            setattr(self, name, function)

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"{name} is not in abi.FUNCTIONS")

    def perf_event_open(self, attr: abi.PerfEventAttr, pid: int, cpu: int) -> int:
        """A perf event's file descriptor. Raises BpfError."""
        number = abi.PERF_EVENT_OPEN[os.uname().machine]
        attr.size = ctypes.sizeof(attr)
        flags = 1 << 3  # PERF_FLAG_FD_CLOEXEC
        fd: int = self.libc.syscall(number, ctypes.byref(attr), pid, cpu, -1, flags)
        if fd < 0:
            raise BpfError("perf_event_open", ctypes.get_errno())
        return fd


def load(verbose: bool = False) -> Libbpf:
    """Find libbpf and bind it; `verbose` shows its messages as they come. Raises LoaderError."""
    try:
        library = ctypes.CDLL(LIBRARY, use_errno=True)
    except OSError as error:
        hint = "install libbpf 1.0 or newer (Debian and Ubuntu: libbpf1; Fedora: libbpf)"
        raise LoaderError(f"cannot load {LIBRARY}: {error}", hint) from None
    try:
        return Libbpf(library, ctypes.CDLL(None, use_errno=True), verbose)
    except AttributeError as error:
        hint = "install a newer libbpf"
        raise LoaderError(f"this {LIBRARY} is too old: {error}", hint) from None


def _code(result: int, function: Any, arguments: Any) -> int:
    if result < 0:
        raise BpfError(function.__name__, -result)
    return result


def _object(result: int | None, function: Any, arguments: Any) -> int:
    if not result:
        raise BpfError(function.__name__, ctypes.get_errno())
    return result


_CHECKS: dict[str, Callable[[Any, Any, Any], Any] | None] = {
    abi.CODE: _code,
    abi.OBJECT: _object,
    abi.PLAIN: None,
}


def _printer(libc: ctypes.CDLL, log: list[str], level: int, echo: bool) -> Any:
    """The callback for libbpf's messages. The va_list goes straight on to libc's vsnprintf."""
    vsnprintf = libc.vsnprintf
    vsnprintf.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_void_p, ctypes.c_void_p)
    rooms: list[Any] = []

    def printed(at: int, form: int, arguments: int) -> int:
        if at > level:
            return 0
        if not rooms:
            rooms.append((ctypes.c_char * _LOG_ROOM).from_buffer(mmap.mmap(-1, _LOG_ROOM)))
        size: int = vsnprintf(rooms[0], _LOG_ROOM, form, arguments)
        text = rooms[0].value.decode("utf-8", "replace")
        log.append(text)
        if echo:
            os.write(2, f"[{_LEVEL_NAMES.get(at, 'DEBUG')}] {text}".encode())
        return size

    return abi.PrintFunction(printed)
