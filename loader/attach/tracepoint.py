"""tracepoint: through a perf event, which needs the tracepoint's number from tracefs.

Target: category, name.
"""

from __future__ import annotations

import os

from aotrace.loader.attach.mechanism import Mechanism

TYPE_CHECKING = False
if TYPE_CHECKING:
    from aotrace.loader.attach.mechanism import Scope, Target
    from aotrace.loader.libbpf.handles import Link, Program
    from aotrace.loader.libbpf.lib import BpfError

_TRACEFS = ("/sys/kernel/tracing", "/sys/kernel/debug/tracing")
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


MECHANISM = Mechanism(attach, explain, missing=missing, locate=locate)
