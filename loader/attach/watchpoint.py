"""watchpoint: the processor's debug registers, on every CPU or for the threads of a process.

Target: address, length, mode (letters of r, w, x).
"""

from __future__ import annotations

import errno
import os

from aotrace.loader.attach import perf
from aotrace.loader.attach.mechanism import Mechanism
from aotrace.runtime import perf_events

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from aotrace.loader.attach.mechanism import Scope, Target
    from aotrace.loader.attach.perf import Links
    from aotrace.loader.libbpf.handles import Program
    from aotrace.loader.libbpf.lib import BpfError


def attach(program: Program, target: Target, scope: Scope) -> Links:
    mode = target["mode"]
    return perf.attach(
        program,
        scope,
        type=perf_events.TYPE_BREAKPOINT,
        sample_period=1,
        bp_type=perf_events.breakpoint_type(mode),
        bp_addr=int(target["address"]),
        bp_len=perf_events.breakpoint_length(mode, int(target["length"])),
    )


def explain(target: Target, error: BpfError) -> tuple[str, str]:
    where = f"{target['length']} bytes at {int(target['address']):#x}"
    if error.errno == errno.ENOSPC:
        return "no debug register is left", "x86-64 has four; watch fewer places at once"
    if error.errno == errno.EINVAL:
        return f"the kernel cannot watch {where}", "an address is a multiple of its length"
    if error.errno in (errno.ENOENT, errno.EOPNOTSUPP, errno.ENODEV):
        return "this machine has no debug registers", "virtual machines may hide them"
    reason, hint = perf.refused(error)
    return reason or f"{where}: {error}", hint


def locate(parts: list[str], target: Target) -> Target:
    """Raises ValueError for what is no address, length or mode, KeyError for another form."""
    try:
        found = perf_events.watched(parts, os.uname().machine)
    except LookupError as error:
        raise ValueError(error.args[0]) from None
    if found is None:
        raise KeyError(parts[0])
    address, length, mode = found
    return {**target, "address": address, "length": length, "mode": mode}


def named(parts: Sequence[str]) -> str:
    found = perf_events.watched(parts, os.uname().machine)
    return ":".join((parts[0], *map(str, found or parts[1:])))


MECHANISM = Mechanism(attach, explain, locate=locate, named=named)
