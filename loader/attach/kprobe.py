"""kprobe: entry of a kernel function, an offset in it, or its return.

Target: function, offset (bytes), return (true for kretprobe).
"""

from __future__ import annotations

import os

from aotrace.loader.attach.mechanism import Mechanism

TYPE_CHECKING = False
if TYPE_CHECKING:
    from aotrace.loader.attach.mechanism import Scope, Target
    from aotrace.loader.libbpf.handles import Link, Program
    from aotrace.loader.libbpf.lib import BpfError

#: One of these is there when the kernel has kprobes (libbpf's attach_kprobe looks at them too).
_SIGNS = (
    "/sys/bus/event_source/devices/kprobe",
    "/sys/kernel/tracing/kprobe_events",
    "/sys/kernel/debug/tracing/kprobe_events",
)
_SYMBOLS = "/proc/kallsyms"


def attach(program: Program, target: Target, scope: Scope) -> Link:
    return program.attach_kprobe(target["function"], int(target["offset"]), bool(target["return"]))


def explain(target: Target, error: BpfError) -> tuple[str, str]:
    """Tell a kernel without kprobes from an unknown function and from one that cannot be probed."""
    function = target["function"]
    if not any(os.path.exists(sign) for sign in _SIGNS):
        hint = "it needs CONFIG_KPROBES and CONFIG_KPROBE_EVENTS; a tracepoint may serve instead"
        return "this kernel was built without kprobes", hint
    if not _is_function(function):
        return f"this kernel has no function {function}", "it may be inlined or renamed here"
    return f"function {function}: {error}", "some functions of the kernel cannot be probed"


def _is_function(name: str) -> bool:
    wanted = f" {name}".encode()
    try:
        with open(_SYMBOLS, "rb") as file:
            return any(line.split(b"\t")[0].rstrip().endswith(wanted) for line in file)
    except OSError:
        return True


def last_first(target: Target) -> bool:
    """Entries run in reverse order of attaching, returns in order (bpftrace: attach_reverse)."""
    return not target["return"]


def locate(parts: list[str], target: Target) -> Target:
    """Raises ValueError for an offset where there is none, KeyError for another form."""
    from aotrace.runtime import points

    found = points.function_of(parts)
    if found is None:
        raise KeyError(parts[0])
    function, offset = found
    if offset and target["return"]:
        raise ValueError("a kretprobe has no offset")
    return {**target, "function": function, "offset": offset}


MECHANISM = Mechanism(attach, explain, last_first=last_first, locate=locate)
