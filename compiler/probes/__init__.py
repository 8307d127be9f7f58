"""One record per probe type."""

from __future__ import annotations

from aotrace.compiler.probes.counter import HARDWARE, SOFTWARE
from aotrace.compiler.probes.fentry import FENTRY, FEXIT
from aotrace.compiler.probes.interval import INTERVAL
from aotrace.compiler.probes.iter import ITER
from aotrace.compiler.probes.kprobe import KPROBE, KRETPROBE
from aotrace.compiler.probes.profile import PROFILE
from aotrace.compiler.probes.rawtracepoint import RAWTRACEPOINT
from aotrace.compiler.probes.record import ProbeKind
from aotrace.compiler.probes.self_ import SELF
from aotrace.compiler.probes.special import BEGIN, END
from aotrace.compiler.probes.tracepoint import TRACEPOINT
from aotrace.compiler.probes.trial import BENCH, TEST
from aotrace.compiler.probes.uprobe import UPROBE, URETPROBE
from aotrace.compiler.probes.usdt import USDT
from aotrace.compiler.probes.watchpoint import WATCHPOINT

KINDS: tuple[ProbeKind, ...] = (
    BEGIN, END, INTERVAL, TRACEPOINT, RAWTRACEPOINT, KPROBE, KRETPROBE, FENTRY, FEXIT,
    UPROBE, URETPROBE, USDT, PROFILE, SOFTWARE, HARDWARE, WATCHPOINT, ITER, SELF, TEST, BENCH,
)  # fmt: skip
BY_NAME: dict[str, ProbeKind] = {
    name: kind for kind in KINDS for name in (kind.name, *kind.aliases)
}
_BY_LONG_NAME: dict[str, ProbeKind] = {kind.name: kind for kind in KINDS}


def kind_of(name: str) -> ProbeKind | None:
    """The kind that a script means by a name; case counts in the short ones alone."""
    return BY_NAME.get(name) or _BY_LONG_NAME.get(name.lower())
