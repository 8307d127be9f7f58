"""Perf events that scripts name: software and hardware counters, and watchpoints.

Numbers: include/uapi/linux/perf_event.h and hw_breakpoint.h, an ABI of every machine. Attach points
are read here for both sides: by the compiler where the script says all of it, by the loader where
parameters complete it.
"""

from __future__ import annotations

from aotrace.runtime.points import number

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

TYPE_HARDWARE, TYPE_SOFTWARE, TYPE_BREAKPOINT = 0, 1, 5
CPU_CLOCK = 0  # PERF_COUNT_SW_CPU_CLOCK
INHERIT = 1 << 1  # perf_event_attr's flags: what a process starts is counted with it

_READ, _WRITE, _EXECUTE = 1, 2, 4  # HW_BREAKPOINT_R, _W, _X
_BITS = {"r": _READ, "w": _WRITE, "x": _EXECUTE}
LENGTHS = (1, 2, 4, 8)
#: What a machine's debug registers can watch for.
MODES = {"x86_64": ("w", "rw", "x"), "aarch64": ("r", "w", "rw", "x")}


class Counter:
    """One event: its name, what else it is called, its number, and after how many events a probe
    fires that says no count (bpftrace's defaults). type: perf's, of its family."""

    def __init__(self, family: str, name: str, alias: str, config: int, count: int) -> None:
        self.family = family
        self.type = _TYPES[family]
        self.name = name
        self.alias = alias
        self.config = config
        self.count = count


_TYPES = {"software": TYPE_SOFTWARE, "hardware": TYPE_HARDWARE}
COUNTERS = (
    Counter("software", "alignment-faults", "", 7, 1),
    Counter("software", "bpf-output", "", 10, 1),
    Counter("software", "context-switches", "cs", 3, 1_000),
    Counter("software", "cpu-clock", "cpu", CPU_CLOCK, 1_000_000),
    Counter("software", "cpu-migrations", "", 4, 1),
    Counter("software", "dummy", "", 9, 1),
    Counter("software", "emulation-faults", "", 8, 1),
    Counter("software", "major-faults", "", 6, 1),
    Counter("software", "minor-faults", "", 5, 100),
    Counter("software", "page-faults", "faults", 2, 100),
    Counter("software", "task-clock", "", 1, 1),
    Counter("hardware", "backend-stalls", "", 8, 1_000_000),
    Counter("hardware", "branch-instructions", "branches", 4, 100_000),
    Counter("hardware", "branch-misses", "", 5, 100_000),
    Counter("hardware", "bus-cycles", "", 6, 100_000),
    Counter("hardware", "cache-misses", "", 3, 1_000_000),
    Counter("hardware", "cache-references", "", 2, 1_000_000),
    Counter("hardware", "cpu-cycles", "cycles", 0, 1_000_000),
    Counter("hardware", "frontend-stalls", "", 7, 1_000_000),
    Counter("hardware", "instructions", "", 1, 1_000_000),
    Counter("hardware", "ref-cycles", "", 9, 1_000_000),
)


def names(family: str) -> list[str]:
    """All names of a family's events, aliases included, sorted."""
    events = (event for event in COUNTERS if event.family == family)
    return sorted(name for event in events for name in (event.name, event.alias) if name)


def counter(family: str, name: str) -> Counter:
    """The event that a family has under a name. Raises LookupError."""
    for event in COUNTERS:
        if event.family == family and name in (event.name, event.alias):
            return event
    raise LookupError(f"{name} is not a {family} event")


def counted(parts: Sequence[str]) -> tuple[Counter, int, str] | None:
    """Of `software:EVENT[:COUNT]`: the event, after how many it fires, and the text of the probe.

    None for another form. Raises ValueError, and LookupError for an unknown event.
    """
    if len(parts) not in (2, 3) or not parts[1]:
        return None
    family, name = parts[:2]
    event = counter(family, name)
    given = 0 if len(parts) == 2 or parts[2] == "*" else number(parts[2], "a count of events")
    text = f"{family}:{name}" + (f":{given}" if given else "")
    return event, given or event.count, text


def watched(parts: Sequence[str], arch: str) -> tuple[int, int, str] | None:
    """Address, length and mode of `watchpoint:ADDRESS:LENGTH:MODE`; None for another form.

    Raises ValueError for what is none of these, LookupError for a mode that the machine lacks.
    """
    if len(parts) != 4:
        return None
    address = number(parts[1], "an address")
    length = number(parts[2], "a length")
    if not address:
        raise ValueError("a watchpoint's address cannot be zero")
    if length not in LENGTHS:
        raise ValueError(f"a watchpoint's length is 1, 2, 4 or 8, not {length}")
    mode = "".join(sorted(parts[3]))
    if not mode or mode.strip("rwx"):
        raise ValueError(f"a watchpoint's mode is made of r, w and x, not `{parts[3]}`")
    if len(set(mode)) != len(mode):
        raise ValueError(f"a watchpoint's mode names each of r, w and x once, not `{parts[3]}`")
    if mode not in MODES[arch]:
        raise LookupError(f"{arch} has no watchpoints of mode {mode}")
    return address, length, mode


def breakpoint_type(mode: str) -> int:
    """perf_event_attr's bp_type."""
    return sum(_BITS[char] for char in mode)


def breakpoint_length(mode: str, length: int) -> int:
    """perf_event_attr's bp_len: of an instruction the kernel takes sizeof(long) only."""
    return 8 if "x" in mode else length
