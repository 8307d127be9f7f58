"""counter: every so many of the kernel's or the processor's events, on every CPU.

Target: family (software, hardware), event, count.
"""

from __future__ import annotations

import errno

from aotrace.loader.attach import perf
from aotrace.loader.attach.mechanism import Mechanism
from aotrace.loader.libbpf.lib import BpfError
from aotrace.runtime import perf_events

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from aotrace.loader.attach.mechanism import Scope, Target
    from aotrace.loader.attach.perf import Links
    from aotrace.loader.libbpf.handles import Program

_NO_COUNTER = (errno.ENOENT, errno.EOPNOTSUPP, errno.ENODEV, errno.EINVAL)


def attach(program: Program, target: Target, scope: Scope) -> Links:
    event = perf_events.counter(target["family"], target["event"])
    count = int(target["count"])
    try:
        return perf.attach(
            program, scope, type=event.type, config=event.config, sample_period=count
        )
    except BpfError as error:
        if error.errno != errno.ENOENT:
            raise
        # It is known by its name; what there is not is the device
        raise BpfError(error.function, errno.ENODEV) from None


def explain(target: Target, error: BpfError) -> tuple[str, str]:
    """Tell a machine without that counter from other refusals."""
    event = f"{target['family']} event {target['event']}"
    if error.errno in _NO_COUNTER and target["family"] == "hardware":
        hint = "virtual machines often have no hardware counters; profile:hz:99 may serve instead"
        return f"this machine has no counter for the {event}", hint
    reason, hint = perf.refused(error)
    return reason or f"{event}: {error}", hint


def locate(parts: list[str], target: Target) -> Target:
    """Raises ValueError for what is no event or count, KeyError for another form."""
    try:
        found = perf_events.counted([target["family"], *parts[1:]])
    except LookupError as error:
        raise ValueError(error.args[0]) from None
    if found is None:
        raise KeyError(parts[0])
    event, count, _ = found
    return {**target, "event": event.name, "count": count}


def named(parts: Sequence[str]) -> str:
    found = perf_events.counted(parts)
    return found[2] if found else ":".join(parts)


MECHANISM = Mechanism(attach, explain, locate=locate, named=named)
