"""uprobe: an instruction of a file of user space, or the return of a function.

Target: runtime/uprobes.py has its fields. Files, symbols and offsets are looked up here.
"""

from __future__ import annotations

import errno
import os

from aotrace.loader.attach.mechanism import Mechanism

TYPE_CHECKING = False
if TYPE_CHECKING:
    from aotrace.loader.attach.mechanism import Attached, Scope, Target
    from aotrace.loader.libbpf.handles import Program
    from aotrace.loader.libbpf.lib import BpfError

_PMU = "/sys/bus/event_source/devices/uprobe"


def attach(program: Program, target: Target, scope: Scope) -> Attached:
    """Raises PlaceError."""
    from aotrace.loader.places import Binary, path_of

    place = Binary(path_of(target["binary"], scope.pid)).place(target)
    path = place.path if "/" in place.path else f"./{place.path}"
    return program.attach_uprobe(path, place.offset, bool(target["return"]), scope.pid)


def explain(target: Target, error: BpfError) -> tuple[str, str]:
    if not os.path.exists(_PMU):
        return "this kernel was built without uprobes", "it needs CONFIG_UPROBE_EVENTS"
    if error.errno in (errno.EACCES, errno.EPERM):
        return f"not permitted: {error}", "it takes CAP_PERFMON, or a lower perf_event_paranoid"
    hint = "the file system or the instruction there may not allow probes"
    return f"the kernel refused it: {error}", hint


def locate(parts: list[str], target: Target) -> Target:
    """Raises ValueError for what is wrong in a known form, KeyError for another form."""
    from aotrace.runtime.uprobes import uprobe_of

    return uprobe_of(parts, bool(target["return"]))


MECHANISM = Mechanism(attach, explain, locate=locate)
