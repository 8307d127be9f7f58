"""tracepoint: through a perf event, which needs the tracepoint's number from tracefs.

Target: category, name.
"""

from __future__ import annotations

import os

from aotrace.loader.attach.mechanism import Mechanism

TYPE_CHECKING = False
if TYPE_CHECKING:
    from aotrace.loader.attach.mechanism import Target
    from aotrace.loader.libbpf.handles import Link, Program
    from aotrace.loader.libbpf.lib import BpfError

_TRACEFS = ("/sys/kernel/tracing", "/sys/kernel/debug/tracing")
_MOUNT = "mount it: mount -t tracefs nodev /sys/kernel/tracing"


def attach(program: Program, target: Target) -> Link:
    return program.attach_tracepoint(target["category"], target["name"])


def explain(target: Target, error: BpfError) -> tuple[str, str]:
    """Tell an unknown tracepoint from a tracefs that is not there."""
    label = f"{target['category']}:{target['name']}"
    roots = [f"{root}/events" for root in _TRACEFS if os.path.isdir(f"{root}/events")]
    if not roots:
        return "tracefs is not mounted", _MOUNT
    if not any(os.path.isdir(f"{root}/{label.replace(':', '/')}") for root in roots):
        return f"this kernel has no tracepoint {label}", ""
    return f"tracepoint {label}: {error}", ""


MECHANISM = Mechanism(attach, explain)
