"""kprobe: entry of a kernel function, an offset in it, or its return.

Target: function, offset (bytes), return (true for kretprobe); module, where the script names one.
An empty function: offset is the address. registers: the program needs all of them, which it gets
where it alone is attached. session: it may be one with that of the function's other end.
"""

from __future__ import annotations

import errno
import os

from aotrace.loader.attach.mechanism import Joining, Mechanism, Spreading
from aotrace.loader.libbpf.lib import BpfError
from aotrace.runtime import points

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from aotrace.loader.attach.mechanism import Scope, Target
    from aotrace.loader.libbpf.handles import Link, Program
    from aotrace.loader.libbpf.lib import Libbpf
    from aotrace.loader.libbpf.syscall import FdLink, Loading
    from aotrace.loader.members import Member

#: One of these is there when the kernel has kprobes (libbpf's attach_kprobe looks at them too).
_SIGNS = (
    "/sys/bus/event_source/devices/kprobe",
    "/sys/kernel/tracing/kprobe_events",
    "/sys/kernel/debug/tracing/kprobe_events",
)


def _present() -> bool:
    return any(os.path.exists(sign) for sign in _SIGNS)


def attach(program: Program, target: Target, scope: Scope) -> Link:
    offset = int(target["offset"])
    if target["function"] and offset and not offset < _size(target["function"]):
        raise BpfError("kprobe", errno.ERANGE)  # the kernel would take it for the next function's
    try:
        return program.attach_kprobe(symbol(target), offset, bool(target["return"]))
    except BpfError:
        if _present() or not _is_there(target["function"]):
            raise
        raise BpfError("kprobe", errno.ENODEV) from None  # libbpf says the same of a function


def _is_there(function: str) -> bool:
    from aotrace.loader.symbols.kernel import KernelSymbols

    return bool(KernelSymbols().named(function))


def _size(function: str) -> int:
    """Bytes up to the next symbol; without end where the kernel hides its addresses."""
    from aotrace.loader.symbols.kernel import KernelSymbols

    return KernelSymbols().room(function) or 1 << 63


def symbol(target: Target) -> str | None:
    """The function as the kernel looks it up; None: there is but an address."""
    module = target.get("module")
    return f"{module}:{target['function']}" if module else target["function"] or None


def explain(target: Target, error: BpfError) -> tuple[str, str]:
    """Tell a kernel without kprobes from an unknown function and from one that cannot be probed."""
    from aotrace.loader.symbols.kernel import KernelSymbols

    function = target["function"]
    if not _present():
        hint = "it needs CONFIG_KPROBES and CONFIG_KPROBE_EVENTS; a tracepoint may serve instead"
        return "this kernel was built without kprobes", hint
    if not function:
        place = "a function" if target["return"] else "an instruction"
        return f"address {target['offset']:#x}: {error}", f"it must be that of {place}"
    module = target.get("module")
    there = [found.module or points.KERNEL for found in KernelSymbols().named(function)]
    if not there:
        return f"this kernel has no function {function}", "it may be inlined or renamed here"
    if module and module not in there:
        return f"module {module} has no function {function} here", f"it is in {', '.join(there)}"
    if error.errno == errno.EILSEQ:
        where = f"{function}+{target['offset']}"
        return f"{where} is not the start of an instruction", "try another offset"
    if error.errno == errno.EADDRNOTAVAIL:
        return f"this kernel has several functions {function}", "name its module: MODULE:FUNCTION"
    if error.errno == errno.ERANGE:
        where = f"offset {target['offset']} lies outside of {function}"
        return f"{where}, which has {_size(function)} bytes", ""
    return f"function {function}: {error}", _MAY_NOT_BE


_MAY_NOT_BE = (
    "some functions of the kernel cannot be probed, and override() works on those alone that"
    " /sys/kernel/debug/error_injection/list names"
)


def last_first(target: Target) -> bool:
    """Entries run in reverse order of attaching, returns in order (bpftrace: attach_reverse)."""
    return not target["return"]


def locate(parts: list[str], target: Target) -> Target:
    """Raises ValueError for an offset where there is none, KeyError for another form."""
    found = points.kernel_place(parts)
    if found is None:
        raise KeyError(parts[0])
    if not found["function"] and not target.get("unsafe"):
        raise ValueError(points.NEEDS_UNSAFE)
    if found["function"] and found["offset"] and target["return"]:
        raise ValueError("a kretprobe has no offset")
    return {**target, **found}


# --- wildcards -------------------------------------------------------------------------------


def expand(parts: list[str], target: Target, scope: Scope) -> list[tuple[str, Target]]:
    """The functions that match; with their modules where the attach point has a module."""
    from aotrace.loader import kernel_functions

    if len(parts) not in (2, 3):
        raise KeyError(parts[0])
    modules = parts[1] if len(parts) > 2 else "*"
    found = sorted({
        (module if len(parts) > 2 else "", name)
        for module, name in kernel_functions.traceable(parts[-1], modules)
    })  # fmt: skip
    return [
        (
            ":".join(filter(None, (parts[0], module, name))),
            {**target, "function": name, "offset": 0}
            | ({"module": module} if module not in ("", points.KERNEL) else {}),
        )
        for module, name in found
    ]


def attach_at(lib: Libbpf, program: int, target: Target, cookie: int | None) -> FdLink:
    from aotrace.loader.libbpf import syscall

    place, returns = (symbol(target), int(target["offset"])), bool(target["return"])
    return syscall.attach_by_pmu(lib, program, "kprobe", *place, returns, cookie=cookie)


def loading(lib: Libbpf, target: Target) -> Loading:
    from aotrace.loader.libbpf import syscall

    return syscall.Loading(syscall.KPROBE)


def prepare(lib: Libbpf, program: Program, members: Sequence[Member]) -> None:
    """By kprobe.multi where the kernel has it, which takes functions without their modules."""
    from aotrace.loader.libbpf import syscall

    plain = all(_plain(member.target) for member in members)
    if plain and len(members) > 1 and syscall.has_kprobe_multi(lib):
        program.load_for(syscall.TRACE_KPROBE_MULTI)


def _plain(target: Target) -> bool:
    return not (target["offset"] or target.get("module") or target.get("registers"))


def attach_all(lib: Libbpf, program: Program, members: Sequence[Member]) -> list[FdLink] | None:
    from aotrace.loader.libbpf import syscall

    if program.attach_type != syscall.TRACE_KPROBE_MULTI:
        return None
    return list(_multi(lib, program.fd, members, program.attach_type))


def _multi(
    lib: Libbpf, program: int, members: Sequence[Member], attach_type: int
) -> Iterator[FdLink]:
    """One function that cannot be attached to spoils the whole: then both halves are tried."""
    from aotrace.loader.libbpf import syscall

    names, cookies = [m.target["function"] for m in members], [m.number for m in members]
    returns = bool(members[0].target["return"])
    try:
        link = syscall.attach_kprobe_multi(lib, program, names, cookies, returns, attach_type)
    except BpfError:
        if len(members) == 1:
            return
        middle = len(members) // 2
        yield from _multi(lib, program, members[:middle], attach_type)
        yield from _multi(lib, program, members[middle:], attach_type)
        return
    link.places = len(members)
    yield link


# --- sessions --------------------------------------------------------------------------------


def _possible(lib: Libbpf) -> bool:
    from aotrace.loader.libbpf import syscall

    return syscall.has_kprobe_session(lib)


def _takes(text: str, target: Target) -> bool:
    """A function alone: no offset or address, and no module, not even the kernel as one."""
    function = target.get("function")
    alone = text.count(":") == 1 and target.get("session") is True
    return alone and isinstance(function, str) and function != "" and target.get("offset") == 0


def _as_session() -> Loading:
    from aotrace.loader.libbpf import syscall

    return syscall.Loading(syscall.KPROBE, syscall.TRACE_KPROBE_SESSION)


def _attach_session(lib: Libbpf, program: int, members: Sequence[Member]) -> list[FdLink]:
    from aotrace.loader.libbpf import syscall

    return list(_multi(lib, program, members, syscall.TRACE_KPROBE_SESSION))


MECHANISM = Mechanism(
    attach, explain, last_first=last_first, locate=locate, expand=expand,
    spreading=Spreading(2, attach_at, loading, prepare, attach_all),
    joining=Joining(_possible, "bpf_session_is_return", _takes, _as_session, _attach_session),
)  # fmt: skip
