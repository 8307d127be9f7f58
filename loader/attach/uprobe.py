"""uprobe: an instruction of a file of user space, or the return of a function.

Target: runtime/uprobes.py has its fields. Files, symbols and offsets are looked up here; a place
that is known has `path` and `at`, its offset in the file, `place`, the address that the file states
of it, and `pid`, 0 for all processes. A usdt probe's place may have a `counter` (usdt.py).
"""

from __future__ import annotations

import errno
import os

from aotrace.loader.attach.mechanism import Mechanism, Spreading

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from aotrace.loader.attach.mechanism import Scope, Target
    from aotrace.loader.binary import Place
    from aotrace.loader.libbpf.handles import Link, Program
    from aotrace.loader.libbpf.lib import BpfError, Libbpf
    from aotrace.loader.libbpf.syscall import FdLink, Loading
    from aotrace.loader.members import Member

_PMU = "/sys/bus/event_source/devices/uprobe"


def attach(program: Program, target: Target, scope: Scope) -> Link:
    """Raises PlaceError."""
    found = target if "path" in target else looked_up(target, scope)
    returns, counter = bool(found.get("return")), int(found.get("counter", 0))
    return program.attach_uprobe(found["path"], found["at"], returns, found["pid"], counter)


def looked_up(target: Target, scope: Scope) -> Target:
    """The place that a target without wildcards means. Raises PlaceError."""
    from aotrace.loader.binary import Binary
    from aotrace.loader.places import path_of

    with Binary(path_of(target["binary"], scope.pid)) as binary:
        return _at(target, binary.place(target), scope)


def _at(target: Target, place: Place, scope: Scope) -> Target:
    path = place.path if "/" in place.path else f"./{place.path}"
    return {**target, "path": path, "at": place.offset, "place": place.address, "pid": scope.user}


def explain(target: Target, error: BpfError) -> tuple[str, str]:
    if not os.path.exists(_PMU):
        return "this kernel was built without uprobes", "it needs CONFIG_UPROBE_EVENTS"
    if error.errno in (errno.EACCES, errno.EPERM):
        return f"not permitted: {error}", "it takes CAP_PERFMON, or a lower perf_event_paranoid"
    hint = "the file system or the instruction there may not allow probes"
    return f"the kernel refused it: {error}", hint


def last_first(target: Target) -> bool:
    """What was attached last runs first, at entries and at returns."""
    return True


def locate(parts: list[str], target: Target) -> Target:
    """Raises ValueError for what is wrong in a known form, KeyError for another form."""
    from aotrace.runtime.uprobes import uprobe_of

    return uprobe_of(parts, bool(target["return"]))


# --- wildcards, and files that are known by other names than their paths -----------------------


def expand(parts: list[str], target: Target, scope: Scope) -> list[tuple[str, Target]]:
    """Raises PlaceError."""
    from aotrace.loader import places

    target = target if "binary" in target else locate(parts, target)
    found = []
    for path, place in places.matching(target, scope.pid):
        language = f"{target['language']}:" if target.get("language") else ""
        text = f"{parts[0]}:{path}:{language}{place.name}"
        found.append((text, _at({**target, "function": place.name}, place, scope)))
    return found


def attach_at(lib: Libbpf, program: int, target: Target, cookie: int | None) -> FdLink:
    from aotrace.loader.libbpf import syscall

    return syscall.attach_by_pmu(
        lib, program, "uprobe", target["path"], target["at"], bool(target.get("return")),
        target["pid"] or -1, int(target.get("counter", 0)), cookie,
    )  # fmt: skip


def loading(lib: Libbpf, target: Target) -> Loading:
    from aotrace.loader.libbpf import syscall

    return syscall.Loading(syscall.KPROBE)


def prepare(lib: Libbpf, program: Program, members: Sequence[Member]) -> None:
    """By uprobe.multi where the kernel has it."""
    from aotrace.loader.libbpf import syscall

    if len(members) > 1 and syscall.has_uprobe_multi(lib):
        program.load_for(syscall.TRACE_UPROBE_MULTI)


def attach_all(lib: Libbpf, program: Program, members: Sequence[Member]) -> list[FdLink] | None:
    """A link for each file."""
    from aotrace.loader.libbpf import syscall

    if program.attach_type != syscall.TRACE_UPROBE_MULTI:
        return None
    by_path: dict[str, list[Member]] = {}
    for member in members:
        by_path.setdefault(member.target["path"], []).append(member)
    return [link for path, those in by_path.items() for link in _multi(lib, program, path, those)]


def _multi(lib: Libbpf, program: Program, path: str, members: Sequence[Member]) -> Iterator[FdLink]:
    """One place that cannot be probed spoils the whole: then both halves are tried."""
    from aotrace.loader.libbpf import syscall
    from aotrace.loader.libbpf.lib import BpfError

    targets, cookies = [m.target for m in members], [m.number for m in members]
    counters = [int(t.get("counter", 0)) for t in targets]
    try:
        link = syscall.attach_uprobe_multi(
            lib, program.fd, path, [t["at"] for t in targets], cookies,
            bool(targets[0].get("return")), targets[0]["pid"], counters if any(counters) else (),
        )  # fmt: skip
    except BpfError:
        if len(members) == 1:
            return
        middle = len(members) // 2
        yield from _multi(lib, program, path, members[:middle])
        yield from _multi(lib, program, path, members[middle:])
        return
    link.places = len(members)
    yield link


SPREADING = Spreading(2, attach_at, loading, prepare, attach_all)
MECHANISM = Mechanism(
    attach, explain, last_first=last_first, locate=locate, expand=expand, spreading=SPREADING,
    looks_up=True,
)  # fmt: skip
