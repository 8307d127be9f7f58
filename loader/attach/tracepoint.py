"""tracepoint: through a perf event, which needs the tracepoint's number from tracefs.

Target: category, name.
"""

from __future__ import annotations

import errno
import os

from aotrace.loader.attach.mechanism import Mechanism, Spreading

TYPE_CHECKING = False
if TYPE_CHECKING:
    from aotrace.loader.attach.mechanism import Scope, Target
    from aotrace.loader.libbpf.handles import Link, Program
    from aotrace.loader.libbpf.lib import BpfError, Libbpf
    from aotrace.loader.libbpf.syscall import FdLink, Loading

_TRACEFS = ("/sys/kernel/tracing", "/sys/kernel/debug/tracing")
_TYPE = 2  # PERF_TYPE_TRACEPOINT
_MOUNT = "mount it: mount -t tracefs nodev /sys/kernel/tracing"


def attach(program: Program, target: Target, scope: Scope) -> Link:
    return program.attach_tracepoint(target["category"], target["name"])


def explain(target: Target, error: BpfError) -> tuple[str, str]:
    """Tell an unknown tracepoint from a tracefs that is not there."""
    if not _roots():
        return "tracefs is not mounted", _MOUNT
    return missing(target) or f"tracepoint {_label(target)}: {error}", ""


def missing(target: Target) -> str:
    """What tracefs does not list."""
    roots = _roots()
    path = f"{target['category']}/{target['name']}"
    if not roots or any(os.path.isdir(f"{root}/{path}") for root in roots):
        return ""
    return f"this kernel has no tracepoint {_label(target)}"


def _label(target: Target) -> str:
    return f"{target['category']}:{target['name']}"


def _roots() -> list[str]:
    """Where events are listed: nowhere, unless tracefs is mounted."""
    return [f"{root}/events" for root in _TRACEFS if os.path.isdir(f"{root}/events")]


def locate(parts: list[str], target: Target) -> Target:
    """Raises KeyError where the parts name no event."""
    if len(parts) != 3 or not all(parts):
        raise KeyError(parts[0])
    return {**target, "category": parts[1], "name": parts[2]}


# --- wildcards -------------------------------------------------------------------------------


def expand(parts: list[str], target: Target, scope: Scope) -> list[tuple[str, Target]]:
    """`tracepoint:*event*` is looked for in all categories, as in bpftrace."""
    from aotrace.loader import kernel_functions
    from aotrace.runtime.members import Pattern

    if len(parts) not in (2, 3):
        raise KeyError(parts[0])
    names, categories = Pattern(parts[-1]), Pattern(parts[1] if len(parts) > 2 else "*")
    return [
        (f"{parts[0]}:{category}:{name}", {**target, "category": category, "name": name})
        for category, name in sorted(kernel_functions.tracepoints())
        if categories.matches(category) and names.matches(name)
    ]


def attach_at(lib: Libbpf, program: int, target: Target, cookie: int | None) -> FdLink:
    from aotrace.loader.libbpf import abi, syscall

    attr = abi.PerfEventAttr(type=_TYPE, config=_number(target), sample_period=1, wakeup_events=1)
    return syscall.attach_perf(lib, program, attr, -1, 0, cookie)


def _number(target: Target) -> int:
    """The tracepoint's number. Raises BpfError as opening it would."""
    from aotrace.loader.libbpf.lib import BpfError

    for root in _roots():
        try:
            with open(f"{root}/{target['category']}/{target['name']}/id") as file:
                return int(file.read())
        except FileNotFoundError:
            continue
        except OSError as error:
            raise BpfError("tracefs", error.errno or errno.EACCES) from None
    raise BpfError("tracefs", errno.ENOENT)


def loading(lib: Libbpf, target: Target) -> Loading:
    from aotrace.loader.libbpf import syscall

    return syscall.Loading(syscall.TRACEPOINT)


MECHANISM = Mechanism(
    attach, explain, missing=missing, locate=locate, expand=expand,
    spreading=Spreading(5, attach_at, loading),
)  # fmt: skip
