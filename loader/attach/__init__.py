"""One attach mechanism per file; the object's metadata names it."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from aotrace.loader.attach.mechanism import Mechanism

#: Every mechanism that metadata may name: a module of this package with a MECHANISM.
MECHANISMS = (
    "begin", "end", "interval", "tracepoint", "raw_tracepoint", "typed_tracepoint", "kprobe",
    "trace", "uprobe", "usdt", "profile", "counter", "watchpoint", "iter", "signal", "test",
    "bench",
)  # fmt: skip


def find(name: str) -> Mechanism:
    """The mechanism of that name; only what a script uses is imported. Raises KeyError."""
    if name not in MECHANISMS:
        raise KeyError(name)
    found: Mechanism = __import__(f"{__name__}.{name}", fromlist=["MECHANISM"]).MECHANISM
    return found
