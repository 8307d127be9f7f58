"""Which struct lays out a tracepoint's record on this kernel, where it is not that of the build.

An event has a struct of its own name, or shares its class's; kernels differ in which. CO-RE finds
types by name only, so before libbpf sees the object, the name of each event's local type is
exchanged for the one that this kernel uses (runtime/contexts.py). Sources: Linux
include/trace/stages/, Documentation/trace/events.rst for the format files.
"""

from __future__ import annotations

import os
import struct

from aotrace.runtime.contexts import PREFIX, local_name, renamed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from io import FileIO
    from typing import Any

    from aotrace.runtime.metadata import Program

BTF = "/sys/kernel/btf/vmlinux"
TRACEFS = ("/sys/kernel/tracing", "/sys/kernel/debug/tracing")
_HEADER = struct.Struct("<HBBIIIII")


def adapt(data: bytes, programs: Iterable[Program], own: bool, btf: str = BTF) -> bytes:
    """The object's bytes, fit for this kernel's tracepoints. Without BTF: as they are.

    An event that was built with the struct of its own name is looked at only if `own`: a kernel
    that does not have that struct refuses to load the object, and the search takes milliseconds.
    """
    events = [p.target for p in programs if "struct" in p.target]
    events = [t for t in events if own or t["struct"] != PREFIX + t["name"]]
    events = [t for t in events if local_name(t["struct"], t["name"]).encode() in data]
    if not events:
        return data
    try:
        with open(btf, "rb", buffering=0) as file:
            return _fitted(data, events, file)
    except OSError:
        return data


def _fitted(data: bytes, events: Iterable[dict[str, Any]], btf: FileIO) -> bytes:
    names = _strings(btf)
    for target in events:
        actual = _actual(btf, names, target["category"], target["name"], target["struct"])
        data = renamed(data, target["name"], target["struct"], actual)
    return data


def _strings(btf: FileIO) -> bytes:
    """The names in a BTF file: a fifth of it, and mostly all that is needed."""
    _, _, _, header, _, _, start, size = _HEADER.unpack(_part(btf, 0, _HEADER.size))
    return _part(btf, header + start, size)


def _part(file: FileIO, start: int, size: int) -> bytes:
    """So many bytes from there, or up to the end: the kernel gives them in pieces."""
    file.seek(start)
    room = bytearray(size)
    left = memoryview(room)
    while left:
        got = file.readinto(left)
        if not got:
            break
        left = left[got:]
    return bytes(room)


def _actual(btf: FileIO, names: bytes, category: str, event: str, built: str) -> str:
    """The event's own struct if this kernel has it, else its class's."""
    own = PREFIX + event
    if _named(names, own):
        return own
    if built != own and _named(names, built):
        return built
    return _class_of(btf, category, event) or built


def _named(names: bytes, name: str) -> bool:
    """Whether a string of the BTF is this name; NULs, the commonest bytes, are not searched for."""
    text = name.encode()
    at = names.find(text)
    while at >= 0:
        if names[at - 1] == 0 and names[at + len(text)] == 0:
            return True
        at = names.find(text, at + 1)
    return False


def _class_of(btf: FileIO, category: str, event: str) -> str | None:
    """The struct whose members lie where the event's format says."""
    wanted = _format(category, event)
    if not wanted:
        return None
    btf.seek(0)
    types = btf.readall()
    return next(
        (name for name, members in _structs(types) if wanted.items() <= members.items()), None
    )


def _format(category: str, event: str) -> dict[str, int]:
    """Field -> byte offset, by the names that BTF uses; empty where tracefs does not tell."""
    for root in TRACEFS:
        path = os.path.join(root, "events", category, event, "format")
        try:
            with open(path, encoding="utf-8", errors="replace") as file:
                return dict(_fields(file))
        except OSError:
            continue
    return {}


def _fields(lines: Iterable[str]) -> Iterator[tuple[str, int]]:
    for line in lines:
        parts = line.strip().split(";")
        declaration = parts[0]
        if not declaration.startswith("field:") or "common_" in declaration or len(parts) < 2:
            continue
        words = declaration[len("field:") :].split()
        name = words[-1].partition("[")[0].lstrip("*")
        located = "__data_loc_" if words[0] == "__data_loc" else ""
        yield located + name, int(parts[1].partition(":")[2])


def _structs(types: bytes) -> Iterator[tuple[str, dict[str, int]]]:
    """Name and members (name -> byte offset) of each context struct, in order of definition."""
    from aotrace.runtime import btf  # few scripts come here

    raw = btf.RawBtf(types)
    for _, at, name in raw.named(btf.STRUCT, prefix=PREFIX):
        yield name, dict(raw.members(at))
