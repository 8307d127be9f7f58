"""raw_tracepoint: BPF_RAW_TRACEPOINT_OPEN, which needs no tracefs. Target: name."""

from __future__ import annotations

import errno

from aotrace.loader.attach.mechanism import Mechanism

TYPE_CHECKING = False
if TYPE_CHECKING:
    from aotrace.loader.attach.mechanism import Scope, Target
    from aotrace.loader.libbpf.handles import Link, Program
    from aotrace.loader.libbpf.lib import BpfError


def attach(program: Program, target: Target, scope: Scope) -> Link:
    return program.attach_raw_tracepoint(target["name"])


def explain(target: Target, error: BpfError) -> tuple[str, str]:
    if error.errno == errno.ENOENT:
        return f"this kernel has no raw tracepoint {target['name']}", ""
    return f"raw tracepoint {target['name']}: {error}", ""


def locate(parts: list[str], target: Target) -> Target:
    """Raises KeyError where the parts name no event."""
    if len(parts) not in (2, 3) or not all(parts):
        raise KeyError(parts[0])
    return {**target, "name": parts[-1]}


MECHANISM = Mechanism(attach, explain, locate=locate)
