"""interval: a perf event of the software clock on one CPU. Target: period_ns."""

from __future__ import annotations

from aotrace.loader.attach.mechanism import Mechanism

TYPE_CHECKING = False
if TYPE_CHECKING:
    from aotrace.loader.attach.mechanism import Target
    from aotrace.loader.libbpf.handles import Link, Program
    from aotrace.loader.libbpf.lib import BpfError

_ONLINE = "/sys/devices/system/cpu/online"


def attach(program: Program, target: Target) -> Link:
    return program.attach_timer(int(target["period_ns"]), _first_online())


def explain(target: Target, error: BpfError) -> tuple[str, str]:
    return f"no timer of {target['period_ns']} ns: {error}", ""


def locate(parts: list[str], target: Target) -> Target:
    """Raises ValueError for what is no period, KeyError for another form."""
    from aotrace.runtime import points

    period = points.period_ns(parts)
    if period is None:
        raise KeyError(parts[0])
    return {**target, "period_ns": period}


def _first_online() -> int:
    """CPU 0 can be offline. The file lists ranges: `0-3,5`."""
    try:
        with open(_ONLINE) as file:
            return int(file.read().replace("-", ",").split(",")[0])
    except (OSError, ValueError):
        return 0


MECHANISM = Mechanism(attach, explain, locate=locate)
