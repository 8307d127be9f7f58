"""Attach points whose probe type is a wildcard: `tracep*:sched:sched_switch`.

As in bpftrace it stands for the types of one side, those that trace entries and events: of user
space where a path follows, else of the kernel. (bpftrace takes user space with `-p` as well, which
is not known before the object runs.)
"""

from __future__ import annotations

from dataclasses import replace

from aotrace.compiler.probes import KINDS
from aotrace.compiler.probes.record import Side
from aotrace.compiler.syntax.nodes import AttachPoint
from aotrace.runtime.members import Pattern, is_wild

#: Those that a wildcard may mean.
TYPES = tuple(kind.name for kind in KINDS if kind.side is not Side.NONE)


def of_types(point: AttachPoint) -> list[AttachPoint]:
    """The attach point for each type that its own stands for."""
    word, *rest = point.parts
    side = Side.USER if rest and "/" in rest[0] else Side.KERNEL
    matches = Pattern(word).matches
    names = [kind.name for kind in KINDS if kind.side is side and matches(kind.name)]
    return [replace(point, parts=(name, *rest)) for name in names]


def typed(point: AttachPoint) -> AttachPoint:
    """With the name of its type, where a wildcard stands for a single one."""
    found = of_types(point) if is_wild(point.parts[0]) else []
    return found[0] if len(found) == 1 else point
