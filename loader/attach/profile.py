"""profile: a perf event of the software clock on every CPU. Target: period_ns."""

from __future__ import annotations

from aotrace.loader.attach import perf
from aotrace.loader.attach.interval import clock, explain, locate, named
from aotrace.loader.attach.mechanism import Mechanism

TYPE_CHECKING = False
if TYPE_CHECKING:
    from aotrace.loader.attach.mechanism import Scope, Target
    from aotrace.loader.attach.perf import Links
    from aotrace.loader.libbpf.handles import Program


def attach(program: Program, target: Target, scope: Scope) -> Links:
    return perf.attach(program, scope, **clock(target))


MECHANISM = Mechanism(attach, explain, locate=locate, named=named)
