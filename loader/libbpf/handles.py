"""Objects of libbpf, each owned by one handle that closes it."""

from __future__ import annotations

import ctypes
import os

from aotrace.loader.libbpf import abi
from aotrace.loader.libbpf.lib import BpfError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from aotrace.loader.libbpf.lib import Libbpf

_FRAME = 14  # bytes: ETH_HLEN, the least that the kernel runs an XDP program with


class Link:
    """An attached program; detached by `close`."""

    places = 1  # how many places it attaches to

    def __init__(self, lib: Libbpf, address: int) -> None:
        self._lib = lib
        self._address = address

    def pin(self, path: str) -> None:
        """Keep it attached under a path of a BPF file system. Raises BpfError."""
        self._lib.bpf_link__pin(self._address, os.fsencode(path))

    def open_iterator(self) -> int:
        """A file that runs the iterator's program while it is read. Raises BpfError."""
        fd: int = self._lib.bpf_iter_create(self._lib.bpf_link__fd(self._address))
        return fd

    def close(self) -> None:
        if self._address:
            self._lib.bpf_link__destroy(self._address)
            self._address = 0


class Program:
    """One program of an object; it lives as long as the object. Every attach raises BpfError."""

    def __init__(self, lib: Libbpf, address: int) -> None:
        self._lib = lib
        self._address = address
        self.attach_type: int | None = None

    @property
    def fd(self) -> int:
        """Of the loaded program. Raises BpfError before that."""
        fd: int = self._lib.bpf_program__fd(self._address)
        return fd

    @property
    def code(self) -> bytes:
        """Its instructions as they were loaded, functions that it calls included."""
        lib = self._lib
        size = lib.bpf_program__insn_cnt(self._address) * _INSN
        return ctypes.string_at(lib.bpf_program__insns(self._address), size)

    def load_for(self, attach_type: int) -> None:
        """Before the load: what the program will be attached to (enum bpf_attach_type)."""
        self._lib.bpf_program__set_expected_attach_type(self._address, attach_type)
        self.attach_type = attach_type

    def load_at(self, function: str, program: int = 0) -> None:
        """Before the load: the kernel's function that a tracing program is for, or a program's."""
        self._lib.bpf_program__set_attach_target(self._address, program, function.encode())

    def disable(self) -> None:
        """Leave the program out when the object is loaded."""
        self._lib.bpf_program__set_autoload(self._address, False)

    def unload(self) -> None:
        """Let go of the loaded program: its object stays without it."""
        self._lib.bpf_program__unload(self._address)

    def run(self) -> int:
        """Run it once, here and now; its return value (raw_tp programs, kernel 5.10)."""
        options = abi.TestRunOptions()
        fd = self._lib.bpf_program__fd(self._address)
        self._lib.bpf_prog_test_run_opts(fd, ctypes.byref(options))
        return int(options.retval)

    def measure(self, times: int) -> tuple[int, int]:
        """Run it so many times: what it returns, and nanoseconds of one run (XDP programs)."""
        frame = ctypes.create_string_buffer(_FRAME)
        options = abi.TestRunOptions(
            data_in=ctypes.addressof(frame), data_size_in=_FRAME, repeat=times
        )
        fd = self._lib.bpf_program__fd(self._address)
        self._lib.bpf_prog_test_run_opts(fd, ctypes.byref(options))
        return int(options.retval), int(options.duration)

    def attach_tracepoint(self, category: str, name: str) -> Link:
        lib = self._lib
        address = lib.bpf_program__attach_tracepoint(
            self._address, category.encode(), name.encode()
        )
        return Link(lib, address)

    def attach_raw_tracepoint(self, name: str) -> Link:
        lib = self._lib
        return Link(lib, lib.bpf_program__attach_raw_tracepoint(self._address, name.encode()))

    def attach_kprobe(self, function: str | None, offset: int, at_return: bool) -> Link:
        """At a function's entry or return, or bytes into it; None: at the address `offset`."""
        options = abi.KprobeOptions(offset=offset, retprobe=at_return)
        lib = self._lib
        address = lib.bpf_program__attach_kprobe_opts(
            self._address, function.encode() if function else None, ctypes.byref(options)
        )
        return Link(lib, address)

    def attach_uprobe(
        self, path: str, offset: int, at_return: bool, pid: int, counter: int
    ) -> Link:
        """pid 0: whichever process executes the file. counter: file offset of a semaphore."""
        options = abi.UprobeOptions(retprobe=at_return, ref_ctr_offset=counter)
        lib = self._lib
        address = lib.bpf_program__attach_uprobe_opts(
            self._address, pid or -1, os.fsencode(path), offset, ctypes.byref(options)
        )
        return Link(lib, address)

    def attach_trace(self) -> Link:
        """fentry, fexit and tp_btf: the section name has told libbpf where."""
        return Link(self._lib, self._lib.bpf_program__attach_trace(self._address))

    def attach_iterator(self, cgroup_order: int = 0) -> Link:
        """`cgroup_order`: of the iterator of cgroups, from the root (bpf_cgroup_iter_order)."""
        info = abi.CgroupInfo(order=cgroup_order)
        options = abi.IterOptions(
            link_info=ctypes.addressof(info), link_info_len=ctypes.sizeof(info)
        )
        chosen = ctypes.byref(options) if cgroup_order else None
        return Link(self._lib, self._lib.bpf_program__attach_iter(self._address, chosen))

    def attach_perf_event(self, pid: int, cpu: int, flags: int = 0, **event: int) -> Link:
        """Run with a perf event (fields of perf_event_attr); -1: every process, every CPU."""
        attr = abi.PerfEventAttr(flags=flags, **event)
        lib = self._lib
        fd = lib.perf_event_open(attr, pid, cpu)
        try:
            return Link(lib, lib.bpf_program__attach_perf_event(self._address, fd))
        except BpfError:
            os.close(fd)
            raise


class Map:
    """One map of a loaded object. Keys and values are bytes as the kernel has them."""

    def __init__(self, lib: Libbpf, address: int) -> None:
        self._lib = lib
        self._address = address
        self.key_size: int = lib.bpf_map__key_size(address)
        self.value_size: int = lib.bpf_map__value_size(address)

    @property
    def fd(self) -> int:
        fd: int = self._lib.bpf_map__fd(self._address)
        return fd

    @property
    def max_entries(self) -> int:
        entries: int = self._lib.bpf_map__max_entries(self._address)
        return entries

    def resize(self, entries: int) -> None:
        """Before the load: how many entries there may be."""
        self._lib.bpf_map__set_max_entries(self._address, entries)

    def put(self, key: bytes, value: bytes) -> None:
        """Set a key, whether it exists or not."""
        self._lib.bpf_map_update_elem(self.fd, key, value, _BPF_ANY)

    def memory(self) -> memoryview:
        """The contents of a data section's map (.rodata, .bss): what is written there is loaded."""
        size = ctypes.c_size_t()
        address = self._lib.bpf_map__initial_value(self._address, ctypes.byref(size))
        if not address:
            return memoryview(b"")
        return memoryview((ctypes.c_char * size.value).from_address(address)).cast("B")

    def lookup(self, key: bytes, size: int) -> bytes | None:
        """The value of a key, `size` bytes (of a per-CPU map: all CPUs'); None: no such key."""
        room = ctypes.create_string_buffer(size)
        try:
            self._lib.bpf_map_lookup_elem(self.fd, key, room)
        except BpfError as error:
            if error.errno == _ENOENT:
                return None
            raise
        return room.raw

    def update(self, key: bytes, value: bytes) -> bool:
        """Overwrite a key that exists; False: it does not."""
        try:
            self._lib.bpf_map_update_elem(self.fd, key, value, _BPF_EXIST)
        except BpfError as error:
            if error.errno == _ENOENT:
                return False
            raise
        return True

    def delete(self, key: bytes) -> None:
        """Remove a key, if it is there."""
        try:
            self._lib.bpf_map_delete_elem(self.fd, key)
        except BpfError as error:
            if error.errno != _ENOENT:
                raise

    def every_key(self) -> Iterator[bytes]:
        """Key by key. A program that changes the map meanwhile can make it repeat or miss some."""
        fd, size = self.fd, self.key_size
        last: bytes | None = None
        while True:
            room = ctypes.create_string_buffer(size)
            try:
                self._lib.bpf_map_get_next_key(fd, last, room)
            except BpfError as error:
                if error.errno == _ENOENT:
                    return
                raise
            last = room.raw
            yield last

    def batches(self, value_size: int, count: int) -> Iterator[tuple[bytes, bytes, int]]:
        """(keys, values, how many) by bpf_map_lookup_batch, about `count` at a time.

        Raises BpfError where the kernel or the kind of map has no batches; then nothing was given.
        """
        fd = self.fd
        position = ctypes.create_string_buffer(max(self.key_size, 8))
        start = None
        while True:
            keys = ctypes.create_string_buffer(count * self.key_size)
            values = ctypes.create_string_buffer(count * value_size)
            got = ctypes.c_uint32(count)
            result = self._lib.bpf_map_lookup_batch(
                fd, start, position, keys, values, ctypes.byref(got), None
            )
            if result == -_ENOSPC:  # a bucket holds more than that
                count *= 2
                continue
            if result < 0 and result != -_ENOENT:
                raise BpfError("bpf_map_lookup_batch", -result)
            if got.value:
                yield keys.raw, values.raw, got.value
            if result:
                return
            start = position


_INSN = 8
_ENOENT, _ENOSPC, _ECANCELED = 2, 28, 125
_BPF_ANY, _BPF_EXIST = 0, 2


class Object:
    """An object: opened, then loaded into the kernel, and closed with all that is in it."""

    def __init__(self, lib: Libbpf, image: bytes, name: str) -> None:
        """Open an ELF image. Raises BpfError."""
        options = abi.OpenOptions(object_name=name.encode())
        self._lib = lib
        self._image = image  # libbpf reads from it until the object is closed
        self._address = lib.bpf_object__open_mem(image, len(image), ctypes.byref(options))
        self.programs = dict(self._programs())

    def _programs(self) -> Iterator[tuple[str, Program]]:
        lib, address = self._lib, None
        while True:
            address = lib.bpf_object__next_program(self._address, address)
            if not address:
                return
            yield lib.bpf_program__name(address).decode(), Program(lib, address)

    def load(self) -> None:
        """Relocate and load everything. Raises BpfError; libbpf's log tells more."""
        self._lib.bpf_object__load(self._address)

    def map(self, name: str) -> Map | None:
        """A map by its ELF symbol, or a data section by its name."""
        address = self._lib.bpf_object__find_map_by_name(self._address, name.encode())
        return Map(self._lib, address) if address else None

    def close(self) -> None:
        if self._address:
            self._lib.bpf_object__close(self._address)
            self._address = 0


class RingConsumer:
    """libbpf's own reader of a ring buffer: for machines on which Python cannot order its loads."""

    def __init__(self, lib: Libbpf, fd: int) -> None:
        self._lib = lib
        self._records: list[bytes] = []
        self._limit = 0
        keep, copy = self._records.append, ctypes.string_at

        def sample(context: int, data: int, size: int) -> int:
            keep(copy(data, size))
            return 0 if len(self._records) < self._limit else -_ECANCELED

        self._sample = abi.SampleFunction(sample)
        self._address = lib.ring_buffer__new(fd, self._sample, None, None)

    def consume(self, limit: int) -> list[bytes]:
        """The records that are there, oldest first, and at most `limit`."""
        self._limit = limit
        self._lib.ring_buffer__consume(self._address)  # what it returns is the callback's doing
        records = self._records[:]
        self._records.clear()
        return records

    def close(self) -> None:
        if self._address:
            self._lib.ring_buffer__free(self._address)
            self._address = 0


#: What objects with packets alone have a use for.
_PERF_FUNCTIONS = (
    (
        "perf_buffer__new", ctypes.c_void_p,
        (
            ctypes.c_int, ctypes.c_size_t, abi.PerfSampleFunction, abi.PerfLostFunction,
            ctypes.c_void_p, ctypes.c_void_p,
        ),
        abi.OBJECT,
    ),
    ("perf_buffer__epoll_fd", ctypes.c_int, (ctypes.c_void_p,), abi.PLAIN),
    ("perf_buffer__consume", ctypes.c_int, (ctypes.c_void_p,), abi.CODE),
    ("perf_buffer__free", None, (ctypes.c_void_p,), abi.PLAIN),
)  # fmt: skip


class PerfConsumer:
    """libbpf's reader of perf buffers, one for each CPU. `lost`: how many records had no room."""

    def __init__(self, lib: Libbpf, fd: int, pages: int) -> None:
        """`pages`: of each buffer, a power of two. Raises BpfError."""
        lib.bind(_PERF_FUNCTIONS)
        self._lib = lib
        self._records: list[bytes] = []
        self.lost = 0
        keep, copy = self._records.append, ctypes.string_at

        def sample(context: int, cpu: int, data: int, size: int) -> None:
            keep(copy(data, size))

        def lose(context: int, cpu: int, count: int) -> None:
            self.lost += count

        self._sample, self._lose = abi.PerfSampleFunction(sample), abi.PerfLostFunction(lose)
        self._address = lib.perf_buffer__new(fd, pages, self._sample, self._lose, None, None)
        #: readable when there is something
        self.fd: int = lib.perf_buffer__epoll_fd(self._address)

    def consume(self) -> list[bytes]:
        """The records that are there. Raises BpfError."""
        self._lib.perf_buffer__consume(self._address)
        records = self._records[:]
        self._records.clear()
        return records

    def close(self) -> None:
        if self._address:
            self._lib.perf_buffer__free(self._address)
            self._address = 0
