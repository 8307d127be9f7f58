"""What one attach mechanism answers for."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Protocol

    from aotrace.loader.libbpf.handles import Program
    from aotrace.loader.libbpf.lib import BpfError

    Target = dict[str, Any]
    Locate = Callable[[list[str], Target], Target]

    class Attached(Protocol):
        """A program that traces: one link, or several that are one to the script."""

        def close(self) -> None: ...


#: When a program's turn is: before anything is attached, until it is detached, after all that.
BEFORE, DURING, AFTER = "before", "during", "after"


class Scope:
    """What a run is to trace. `pid`: the one process; 0: every process."""

    def __init__(self, pid: int = 0) -> None:
        self.pid = pid


def nowhere(parts: list[str], target: Target) -> Target:
    """The attach points of this mechanism take no parameters."""
    raise KeyError(parts[0])


class Mechanism:
    """How programs of one kind come to run.

    `attach` takes the program, its target and what the run is to trace; it gives the link, or None
    where the program has run already. `explain` says in words why that failed, with a hint.
    `missing` says what this kernel does not have, before anything is tried; "" if it has it, or
    that cannot be told. The kernel runs programs that share a place in the order they were attached
    or the other way round: `last_first` says which. `locate` makes the target of an attach point
    that parameters completed, from its parts and from what the target says already; it raises
    ValueError, or KeyError where the parts have no form of this mechanism's.
    """

    def __init__(
        self,
        attach: Callable[[Program, Target, Scope], Attached | None],
        explain: Callable[[Target, BpfError], tuple[str, str]],
        phase: str = DURING,
        last_first: Callable[[Target], bool] = lambda target: False,
        missing: Callable[[Target], str] = lambda target: "",
        locate: Locate = nowhere,
    ) -> None:
        self.attach = attach
        self.explain = explain
        self.phase = phase
        self.last_first = last_first
        self.missing = missing
        self.locate = locate
