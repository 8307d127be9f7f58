"""The machine: its CPUs, its clock ticks, chance, and the process of -c."""

from __future__ import annotations

from functools import partial

from aotrace.compiler.builtins.messages import message
from aotrace.compiler.builtins.record import Builtin, EventSpec, Function, ProbeContext, Site
from aotrace.compiler.emitter import Emitter, Reg
from aotrace.compiler.types import UINT64, Bool, Type

CPID_SETTING = "child_pid"
CPUS_SETTING = "cpus"
_LOW = 0xFFFFFFFF


def _uint64(_context: ProbeContext) -> Type:
    return UINT64


def _cut(helper: str, e: Emitter, _context: ProbeContext, _target: Reg | None) -> Reg:
    return e.op("and", e.helper(helper), _LOW)


def _whole(helper: str, e: Emitter, _context: ProbeContext, _target: Reg | None) -> Reg:
    return e.helper(helper)


def _setting(name: str, e: Emitter, _context: ProbeContext, _target: Reg | None) -> Reg:
    return e.setting(name)


def _cpid_events(site: Site) -> tuple[EventSpec, ...]:
    return (message("warnf", site, "No child command (`-c`); cpid is zero", aside=True),)


def _cpid(e: Emitter, site: Site, _target: Reg | None) -> Reg:
    child = e.setting(CPID_SETTING)
    with e.if_(e.op("eq", child, 0)):
        e.send(site.node, 0)
    return child


def _has_cpid(e: Emitter, _context: ProbeContext, _target: Reg | None) -> Reg:
    return e.op("ne", e.setting(CPID_SETTING), 0)


SYSTEM = (
    Builtin("ncpus", "How many CPUs there may be.", _uint64, partial(_setting, CPUS_SETTING)),
    Builtin(
        "numaid", "The NUMA node of the CPU that the probe fires on.", _uint64,
        partial(_cut, "get_numa_node_id"),
    ),
    Builtin(
        "rand", "A pseudo-random number.", _uint64, partial(_cut, "get_prandom_u32")
    ),
    Builtin("jiffies", "The kernel's clock ticks.", _uint64, partial(_whole, "jiffies64")),
    Builtin(
        "cgroup", "ID of the cgroup (v2) of the process.", _uint64,
        partial(_whole, "get_current_cgroup_id"),
    ),
    Function(
        "cpid", "The process of the trace's command (-c); 0, with a warning, where there is none.",
        (), lambda _: UINT64, _cpid, events=_cpid_events,
    ),
    Builtin("has_cpid", "Whether the trace runs a command (-c).", lambda _: Bool(), _has_cpid),
)  # fmt: skip
