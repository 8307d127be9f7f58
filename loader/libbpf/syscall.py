"""bpf(2) itself, for what libbpf 1.0 does not offer: links with cookies, copies of programs.

Structs: union bpf_attr of include/uapi/linux/bpf.h. A kernel takes attributes that are longer than
it knows as long as the rest is zero. Every call raises BpfError.
"""

from __future__ import annotations

import ctypes
import errno
import os
import struct

from aotrace.loader.libbpf import abi, lingering
from aotrace.loader.libbpf.lib import BpfError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import Any

    from aotrace.loader.libbpf.lib import Libbpf

#: bpf(2) has no wrapper in libc: its number by machine (asm/unistd.h).
_BPF = {"x86_64": 321, "aarch64": 280, "riscv64": 280, "ppc64le": 361, "s390x": 351}
_PROG_NEXT, _PROG_GET_FD = 11, 13
_PROG_LOAD, _OBJ_GET_INFO, _RAW_TRACEPOINT_OPEN, _BTF_GET_FD, _LINK_CREATE, _BTF_NEXT = (
    5, 15, 17, 19, 28, 23,
)  # fmt: skip
_IOC_ENABLE, _IOC_SET_BPF = 0x2400, 0x40042408  # linux/perf_event.h

#: enum bpf_prog_type
KPROBE, TRACEPOINT, PERF_EVENT, RAW_TRACEPOINT, TRACING = 2, 5, 7, 17, 26
#: enum bpf_attach_type
TRACE_FENTRY, TRACE_FEXIT, AT_PERF_EVENT = 24, 25, 41
TRACE_KPROBE_MULTI, TRACE_UPROBE_MULTI, TRACE_KPROBE_SESSION = 42, 48, 56

_INFO, _BTF_AT = 208, 128  # bytes of struct bpf_prog_info as far as used, offset of its btf_id
_INSN = 8


def call(lib: Libbpf, command: int, attributes: bytes) -> int:
    """The result of one command."""
    return _call_in(lib, command, ctypes.create_string_buffer(attributes, len(attributes)))


def _call_in(lib: Libbpf, command: int, room: Any) -> int:
    """The same with the kernel's answer in the attributes."""
    result: int = lib.libc.syscall(_BPF[os.uname().machine], command, room, len(room))
    if result < 0:
        raise BpfError("bpf", ctypes.get_errno())
    return result


class FdLink:
    """An attached program, by the file descriptor that keeps it so; detached by `close`."""

    def __init__(self, fd: int) -> None:
        self._fd: int | None = fd
        self.places = 1  # how many places it attaches to

    def close(self) -> None:
        fd, self._fd = self._fd, None
        if fd is not None:
            self._let_go(fd)

    def _let_go(self, fd: int) -> None:
        os.close(fd)


class EventLink(FdLink):
    """A program at a perf event, by that itself or by a link. `close` leaves it to `lingering`."""

    def __init__(self, fd: int, event: int | None = None) -> None:
        super().__init__(fd)
        self._event = event

    def _let_go(self, fd: int) -> None:
        lingering.add(fd, self._event)


# --- links -----------------------------------------------------------------------------------


def attach_perf(
    lib: Libbpf, program: int, attr: abi.PerfEventAttr, pid: int, cpu: int, cookie: int | None
) -> EventLink:
    """Open a perf event and run the program at it. A cookie needs Linux 5.15; None: without."""
    event = lib.perf_event_open(attr, pid, cpu)
    try:
        if cookie is None:
            _ioctl(lib, event, _IOC_SET_BPF, program)
            _ioctl(lib, event, _IOC_ENABLE, 0)
            return EventLink(event)
        attributes = struct.pack("<4IQ", program, event, AT_PERF_EVENT, 0, cookie)
        link = call(lib, _LINK_CREATE, attributes)
    except BpfError:
        os.close(event)
        raise
    try:
        _ioctl(lib, event, _IOC_ENABLE, 0)
    except BpfError:
        os.close(link)
        os.close(event)
        raise
    return EventLink(link, event)


def attach_by_pmu(
    lib: Libbpf, program: int, pmu: str, name: str | None, offset: int, returns: bool,
    pid: int = -1, counter: int = 0, cookie: int | None = None,
) -> FdLink:  # fmt: skip
    """A kprobe (name: a function, or None for an address) or a uprobe (name: a file's path).

    counter: file offset of a usdt probe's semaphore.
    """
    text = ctypes.create_string_buffer(os.fsencode(name)) if name is not None else None
    config = int(returns) << _pmu_number(pmu, "format/retprobe") | counter << 32
    attr = abi.PerfEventAttr(
        type=_pmu_number(pmu, "type"), config=config,
        bp_addr=ctypes.addressof(text) if text else 0, bp_len=offset,
    )  # fmt: skip
    return attach_perf(lib, program, attr, pid, 0 if pid == -1 else -1, cookie)


def _pmu_number(pmu: str, file: str) -> int:
    """The number in a file of a performance unit: `6`, or the 0 of `config:0`."""
    try:
        with open(f"/sys/bus/event_source/devices/{pmu}/{file}") as opened:
            return int(opened.read().strip().rpartition(":")[2])
    except (OSError, ValueError):
        raise BpfError(f"{pmu}/{file}", errno.ENODEV) from None


def _ioctl(lib: Libbpf, fd: int, request: int, argument: int) -> None:
    if lib.libc.ioctl(fd, ctypes.c_ulong(request), ctypes.c_ulong(argument)) < 0:
        raise BpfError("ioctl", ctypes.get_errno())


def attach_raw_tracepoint(
    lib: Libbpf, program: int, name: str | None, cookie: int | None
) -> FdLink:
    """A raw tracepoint by name; without one, where a tracing program was loaded for. A cookie needs
    Linux 6.10."""
    text = ctypes.create_string_buffer(name.encode()) if name is not None else None
    address = ctypes.addressof(text) if text else 0
    attributes = struct.pack("<QIIQ", address, program, 0, cookie or 0)
    return FdLink(call(lib, _RAW_TRACEPOINT_OPEN, attributes))


def attach_kprobe_multi(
    lib: Libbpf, program: int, functions: Sequence[str], cookies: Sequence[int], returns: bool,
    attach_type: int = TRACE_KPROBE_MULTI,
) -> FdLink:  # fmt: skip
    """Many functions at once (Linux 5.18); the program was loaded for that attach type.

    For TRACE_KPROBE_SESSION (Linux 6.10) it runs at their entries and at their returns.
    """
    count = len(functions)
    names = (ctypes.c_char_p * count)(*(name.encode() for name in functions))
    numbers = (ctypes.c_uint64 * count)(*cookies)
    attributes = struct.pack(
        "<4IIIQQQ", program, 0, attach_type, 0, int(returns), count,
        ctypes.addressof(names), 0, ctypes.addressof(numbers),
    )  # fmt: skip
    return FdLink(call(lib, _LINK_CREATE, attributes))


def attach_uprobe_multi(
    lib: Libbpf, program: int, path: str, offsets: Sequence[int], cookies: Sequence[int],
    returns: bool, pid: int, counters: Sequence[int] = (),
) -> FdLink:  # fmt: skip
    """Many places of one file at once (Linux 6.6); the program was loaded for TRACE_UPROBE_MULTI.

    counters: file offsets of the semaphores of usdt probes; pid 0: all processes.
    """
    count = len(offsets)
    text = ctypes.create_string_buffer(os.fsencode(path))
    places = (ctypes.c_uint64 * count)(*offsets)
    numbers = (ctypes.c_uint64 * count)(*cookies)
    semaphores = (ctypes.c_uint64 * count)(*counters) if counters else None
    attributes = struct.pack(
        "<4IQQQQIII4x", program, 0, TRACE_UPROBE_MULTI, 0, ctypes.addressof(text),
        ctypes.addressof(places), ctypes.addressof(semaphores) if semaphores else 0,
        ctypes.addressof(numbers), count, int(returns), pid,
    )  # fmt: skip
    return FdLink(call(lib, _LINK_CREATE, attributes))


# --- programs --------------------------------------------------------------------------------


class Loading:
    """What a program is loaded with, apart from its instructions."""

    def __init__(
        self,
        kind: int,
        attach_type: int = 0,
        name: str = "",
        attach_id: int = 0,
        attach_fd: int = 0,
    ) -> None:
        self.kind = kind
        self.attach_type = attach_type
        self.name = name
        self.attach_id = attach_id
        self.attach_fd = attach_fd
        self.license = "GPL"
        self.btf = 0
        self.functions: Sequence[tuple[int, int]] = ()  # (instruction, type id) of each function


def load_program(lib: Libbpf, code: bytes, how: Loading) -> int:
    """A program's file descriptor."""
    room = ctypes.create_string_buffer(code, len(code))
    license = ctypes.create_string_buffer(how.license.encode())
    functions = b"".join(struct.pack("<II", *entry) for entry in how.functions)
    known = ctypes.create_string_buffer(functions, len(functions)) if functions else None
    attributes = struct.pack(
        "<IIQQIIQII16sIIIIQIIQIIII", how.kind, len(code) // _INSN, ctypes.addressof(room),
        ctypes.addressof(license), 0, 0, 0, 0, 0, how.name.encode()[:15], 0, how.attach_type,
        how.btf if known else 0, 8 if known else 0, ctypes.addressof(known) if known else 0,
        len(how.functions), 0, 0, 0, how.attach_id, how.attach_fd, 0,
    )  # fmt: skip
    return call(lib, _PROG_LOAD, attributes)


def program_btf(lib: Libbpf, program: int) -> tuple[int, list[int]]:
    """The BTF of a loaded program as a file descriptor, and the type ids of its functions.

    (0, []): the program has none.
    """
    btf_id, ids = program_types(lib, program)
    return (call(lib, _BTF_GET_FD, struct.pack("<I", btf_id)), ids) if btf_id else (0, [])


def program_types(lib: Libbpf, program: int) -> tuple[int, list[int]]:
    """The id of a loaded program's BTF, and the type ids of its functions, the main one first."""
    btf_id, record, _, count = struct.unpack_from("<IIQI", _info(lib, program), _BTF_AT)
    if not btf_id or not count:
        return 0, []
    room = ctypes.create_string_buffer(record * count)
    asked = bytearray(_INFO)
    struct.pack_into("<IQI", asked, _BTF_AT + 4, record, ctypes.addressof(room), count)
    _info(lib, program, bytes(asked))
    return btf_id, [struct.unpack_from("<II", room.raw, i * record)[1] for i in range(count)]


def programs(lib: Libbpf) -> Iterator[int]:
    """The ids of all programs in the kernel."""
    last = 0
    while True:
        room = ctypes.create_string_buffer(struct.pack("<3I", last, 0, 0), 12)
        try:
            _call_in(lib, _PROG_NEXT, room)
        except BpfError:
            return
        last = struct.unpack("<3I", room.raw)[1]
        yield last


def open_program(lib: Libbpf, number: int) -> int:
    """A program's file descriptor, by its id. Raises BpfError for one that is gone."""
    return call(lib, _PROG_GET_FD, struct.pack("<I", number))


def next_btf(lib: Libbpf, last: int) -> tuple[int, int]:
    """Id and descriptor of the BTF object that follows. Raises BpfError behind the last one."""
    room = ctypes.create_string_buffer(struct.pack("<3I", last, 0, 0), 12)
    _call_in(lib, _BTF_NEXT, room)
    following: int = struct.unpack("<3I", room.raw)[1]
    return following, call(lib, _BTF_GET_FD, struct.pack("<I", following))


def btf_name(lib: Libbpf, fd: int) -> str:
    """`vmlinux`, a module's name, or nothing: struct bpf_btf_info."""
    name = ctypes.create_string_buffer(64)
    _info(lib, fd, struct.pack("<QIIQII", 0, 0, 0, ctypes.addressof(name), len(name), 0))
    return name.value.decode()


def _info(lib: Libbpf, fd: int, asked: bytes = bytes(_INFO)) -> bytes:
    """struct bpf_prog_info of a program, or the info of another object."""
    room = ctypes.create_string_buffer(asked, len(asked))
    attributes = struct.pack("<IIQ", fd, len(asked), ctypes.addressof(room))
    call(lib, _OBJ_GET_INFO, attributes)
    return room.raw


def gives_cookies(lib: Libbpf, kind: int) -> bool:
    """Whether programs of that type can ask for their attach cookie here."""
    get_cookie, leave = b"\x85\0\0\0\xae\0\0\0", b"\xb7\0\0\0\0\0\0\0\x95\0\0\0\0\0\0\0"
    try:
        os.close(load_program(lib, get_cookie + leave, Loading(kind)))
    except BpfError:
        return False
    return True


#: What is to be done without though the kernel may have it: `kprobe_multi`, `kprobe_session`,
#: `uprobe_multi`.
disabled: set[str] = set()


def has_uprobe_multi(lib: Libbpf) -> bool:
    """Whether the kernel attaches to many places of a file at once, also for one process alone.

    It must refuse a process of number -1 before the file, which is a folder. Linux 6.6 to 6.9 trace
    only one thread of a process.
    """

    def attach(program: int) -> FdLink:
        return attach_uprobe_multi(lib, program, "/", [0], [0], False, 0xFFFFFFFF)

    if "uprobe_multi" in disabled:
        return False
    return _refusal(lib, TRACE_UPROBE_MULTI, attach) == errno.EINVAL


def has_kprobe_multi(lib: Libbpf) -> bool:
    """Whether the kernel attaches to many functions at once."""
    return "kprobe_multi" not in disabled and _traces_functions(lib, TRACE_KPROBE_MULTI)


def has_kprobe_session(lib: Libbpf) -> bool:
    """Whether the kernel runs one program at the entry and at the return of functions."""
    if disabled & {"kprobe_multi", "kprobe_session"}:
        return False
    return _traces_functions(lib, TRACE_KPROBE_SESSION)


def _traces_functions(lib: Libbpf, attach_type: int) -> bool:
    """The kernel must want to read their addresses, from where there are none. (A name that is not
    there would have it go through all symbols.)"""

    def attach(program: int) -> FdLink:
        where = struct.pack("<4IIIQQQ", program, 0, attach_type, 0, 0, 1, 0, 1, 0)
        return FdLink(call(lib, _LINK_CREATE, where))

    return _refusal(lib, attach_type, attach) in (0, errno.EFAULT)


def _refusal(lib: Libbpf, attach_type: int, attach: Callable[[int], FdLink]) -> int | None:
    """The error by which the kernel refuses to attach a program of that type; 0 if it does not,
    None where there are no such programs."""
    nothing = b"\xb7\0\0\0\0\0\0\0\x95\0\0\0\0\0\0\0"
    try:
        program = load_program(lib, nothing, Loading(KPROBE, attach_type))
    except BpfError:
        return None
    try:
        attach(program).close()
        return 0
    except BpfError as error:
        return error.errno
    finally:
        os.close(program)
