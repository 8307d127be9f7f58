"""Loads an object through libbpf itself, runs its programs, reads what they left behind."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

_LOG_SIZE = 1 << 22
_PTR, _SIZE = ctypes.c_void_p, ctypes.c_size_t
_SIGNATURES: dict[str, tuple[object, ...]] = {
    "bpf_object__open_mem": (_PTR, ctypes.c_char_p, _SIZE, _PTR),
    "bpf_object__load": (ctypes.c_int, _PTR),
    "bpf_object__close": (None, _PTR),
    "bpf_object__next_program": (_PTR, _PTR, _PTR),
    "bpf_object__next_map": (_PTR, _PTR, _PTR),
    "bpf_map__name": (ctypes.c_char_p, _PTR),
    "bpf_map__fd": (ctypes.c_int, _PTR),
    "bpf_map__value_size": (ctypes.c_uint, _PTR),
    "bpf_map__initial_value": (_PTR, _PTR, ctypes.POINTER(_SIZE)),
    "bpf_map_lookup_elem": (ctypes.c_int, ctypes.c_int, _PTR, _PTR),
    "bpf_program__set_log_level": (ctypes.c_int, _PTR, ctypes.c_uint),
    "bpf_program__set_log_buf": (ctypes.c_int, _PTR, ctypes.c_char_p, _SIZE),
    "bpf_program__attach": (_PTR, _PTR),
    "bpf_link__destroy": (ctypes.c_int, _PTR),
    "libbpf_set_print": (_PTR, _PTR),
    "ring_buffer__new": (_PTR, ctypes.c_int, _PTR, _PTR, _PTR),
    "ring_buffer__consume": (ctypes.c_int, _PTR),
    "ring_buffer__free": (None, _PTR),
}
_SAMPLE = ctypes.CFUNCTYPE(ctypes.c_int, _PTR, _PTR, _SIZE)
_PRINT = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int, ctypes.c_char_p, _PTR)


def _library() -> ctypes.CDLL:
    library = ctypes.CDLL("libbpf.so.1", use_errno=True)
    for name, (result, *params) in _SIGNATURES.items():
        function = getattr(library, name)
        function.restype, function.argtypes = result, params
    return library


class LoadError(Exception):
    """libbpf or the kernel refused the object; the message is what they said."""


class Loaded:
    """An object whose programs are loaded and attached. log: the verifier's, every path told."""

    def __init__(self, data: bytes, rodata: Mapping[int, bytes]) -> None:
        self._lib = _library()
        self.messages: list[str] = []
        self._print = _PRINT(self._keep_message)
        self._lib.libbpf_set_print(self._print)
        self._object = self._lib.bpf_object__open_mem(data, len(data), None)
        if not self._object:
            raise LoadError("".join(self.messages))
        self._maps = dict(self._each_map())
        self._fill(rodata)
        self._logs = [ctypes.create_string_buffer(_LOG_SIZE) for _ in self._programs()]
        for program, log in zip(self._programs(), self._logs):
            self._lib.bpf_program__set_log_level(program, 2)
            self._lib.bpf_program__set_log_buf(program, log, _LOG_SIZE)
        if self._lib.bpf_object__load(self._object):
            text = "".join(self.messages) + self.log
            self._lib.bpf_object__close(self._object)
            raise LoadError(text)
        self._links = [self._attach(program) for program in self._programs()]

    def close(self) -> None:
        for link in self._links:
            self._lib.bpf_link__destroy(link)
        self._lib.bpf_object__close(self._object)

    @property
    def log(self) -> str:
        return "".join(log.value.decode() for log in self._logs)

    @property
    def maps(self) -> dict[str, int]:
        """File descriptors by the names in the object; '.bss' for any map of that section."""
        return {name: self._lib.bpf_map__fd(each) for name, each in self._maps.items()}

    def bss(self, offset: int) -> int:
        """The u64 at that offset of .bss."""
        value = self.lookup(".bss", b"\0\0\0\0")
        assert value is not None
        return int.from_bytes(value[offset : offset + 8], "little")

    def lookup(self, name: str, key: bytes, cpus: int = 1) -> bytes | None:
        """A map's value, of all `cpus` for a per-CPU map; None when there is none."""
        size = (self._lib.bpf_map__value_size(self._maps[name]) + 7) // 8 * 8 * cpus
        value = ctypes.create_string_buffer(size)
        failed = self._lib.bpf_map_lookup_elem(self.maps[name], key, value)
        return None if failed else value.raw

    def records(self, name: str) -> list[bytes]:
        """What is in a ring buffer now."""
        found: list[bytes] = []

        def keep(_: int, data: int, size: int) -> int:
            found.append(ctypes.string_at(data, size))
            return 0

        sample = _SAMPLE(keep)
        ring = self._lib.ring_buffer__new(self.maps[name], sample, None, None)
        self._lib.ring_buffer__consume(ring)
        self._lib.ring_buffer__free(ring)
        return found

    def _fill(self, rodata: Mapping[int, bytes]) -> None:
        size = _SIZE()
        for offset, data in rodata.items():
            start = self._lib.bpf_map__initial_value(self._maps[".rodata"], ctypes.byref(size))
            ctypes.memmove(start + offset, data, len(data))

    def _attach(self, program: int) -> int:
        link = self._lib.bpf_program__attach(program)
        if not link:
            raise LoadError(f"not attached: errno {ctypes.get_errno()}: {''.join(self.messages)}")
        return int(link)

    def _programs(self) -> Iterator[int]:
        return _each(lambda last: self._lib.bpf_object__next_program(self._object, last))

    def _each_map(self) -> Iterator[tuple[str, int]]:
        for each in _each(lambda last: self._lib.bpf_object__next_map(self._object, last)):
            name = self._lib.bpf_map__name(each).decode()
            section = name.rpartition(".")[2]
            yield (f".{section}" if "." in name else name), each

    def _keep_message(self, level: int, text: bytes, args: int) -> int:
        """libbpf's warnings and news, not its debugging output."""
        if level <= 1:
            self.messages.append(_format(text, args))
        return 0


def _each(following: object) -> Iterator[int]:
    assert callable(following)
    item = following(None)
    while item:
        yield item
        item = following(item)


def _format(text: bytes, args: int) -> str:
    """On x86-64 a va_list is passed as a pointer, which libc takes as it is."""
    libc = ctypes.CDLL(None)
    buffer = ctypes.create_string_buffer(1 << 16)
    libc.vsnprintf(buffer, _SIZE(len(buffer)), text, _PTR(args))
    return buffer.value.decode(errors="replace")


@contextmanager
def loaded(data: bytes, rodata: Mapping[int, bytes] | None = None) -> Iterator[Loaded]:
    """The object, loaded and attached for the length of a `with`."""
    item = Loaded(data, rodata or {})
    try:
        yield item
    finally:
        item.close()
