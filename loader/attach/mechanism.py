"""What one attach mechanism answers for."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import Any, Protocol

    from aotrace.loader.libbpf.handles import Program
    from aotrace.loader.libbpf.lib import BpfError, Libbpf
    from aotrace.loader.libbpf.syscall import FdLink, Loading
    from aotrace.loader.members import Member

    Target = dict[str, Any]
    Locate = Callable[[list[str], Target], Target]
    Expand = Callable[[list[str], Target, "Scope"], list[tuple[str, Target]]]

    class Attached(Protocol):
        """A program that traces: one link, or several that are one to the script.

        places: how many attach points that is.
        """

        places: int

        def close(self) -> None: ...


#: When a program's turn is: before anything is attached, until it is detached, after all that; when
#: the loader gets a signal; when tests or benchmarks are asked for.
BEFORE, DURING, AFTER = "before", "during", "after"
SIGNALLED, TEST, BENCH = "signalled", "test", "bench"


class Scope:
    """What a run is to trace, and by which library. `pid`: the one process; 0: every process.

    user: the process of which functions in user space are traced: that one, or the command, which
    has yet to become what it will be.
    """

    def __init__(self, pid: int = 0, lib: Libbpf | None = None, command: int = 0) -> None:
        self.pid = pid
        self.user = pid or command
        self.lib = lib


class Walk:
    """A program that runs because the loader reads: its records come from there, not from the ring.

    `notice`: a line to print instead, where it is left to others to read.
    """

    places = 1
    notice = ""

    def chunks(self) -> Iterator[bytes]:
        """Whole and partial records, as they come. Raises BpfError."""
        return iter(())

    def close(self) -> None:
        """Let go of it."""


def nowhere(parts: list[str], target: Target) -> Target:
    """The attach points of this mechanism take no parameters."""
    raise KeyError(parts[0])


def no_wildcards(parts: list[str], target: Target, scope: Scope) -> list[tuple[str, Target]]:
    """The attach points of this mechanism take no wildcards."""
    raise ValueError("it takes no wildcards")


class Spreading:
    """How programs of one kind come to many places, where the mechanism can do that.

    `program_type` (enum bpf_prog_type) is asked whether it gives attach cookies here; 0: each
    member needs a program of its own. `attach_at` attaches a program's file descriptor to one
    target, with a cookie unless that is None. `loading` says how a copy of a program is loaded for
    a target. `prepare` is called before the load with all members. `attach_all` attaches all of
    them at once; None: one by one.
    """

    def __init__(
        self,
        program_type: int,
        attach_at: Callable[[Libbpf, int, Target, int | None], FdLink],
        loading: Callable[[Libbpf, Target], Loading],
        prepare: Callable[[Libbpf, Program, Sequence[Member]], None] = lambda *_: None,
        attach_all: Callable[[Libbpf, Program, Sequence[Member]], list[FdLink] | None] = (
            lambda *_: None
        ),
    ) -> None:
        self.program_type = program_type
        self.attach_at = attach_at
        self.loading = loading
        self.prepare = prepare
        self.attach_all = attach_all


class Joining:
    """How two programs, of a place's entry and of its return, become one that runs at both.

    `possible`: whether the kernel has that. `asks`: its function that tells such a program whether
    it is at the return. `takes`: whether that can be attached to an attach point, by its text and
    target. `loading`: how the one is loaded. `attach`: to all members; no link if the kernel takes
    none of them.
    """

    def __init__(
        self,
        possible: Callable[[Libbpf], bool],
        asks: str,
        takes: Callable[[str, Target], bool],
        loading: Callable[[], Loading],
        attach: Callable[[Libbpf, int, Sequence[Member]], list[FdLink]],
    ) -> None:
        self.possible = possible
        self.asks = asks
        self.takes = takes
        self.loading = loading
        self.attach = attach


class Mechanism:
    """How programs of one kind come to run.

    `attach` takes the program, its target and what the run is to trace; it gives the link, or None
    where the program has run already. `explain` says in words why that failed, with a hint.
    `missing` says what this kernel does not have, before anything is tried; "" if it has it, or
    that cannot be told. The kernel runs programs that share a place in the order they were attached
    or the other way round: `last_first` says which. `locate` makes the target of an attach point
    that parameters completed, from its parts and from what the target says already; it raises
    ValueError, or KeyError where the parts have no form of this mechanism's. `named`: what the
    script is told of such a one, as its `probe`. `expand` gives text and target of each place that
    an attach point with wildcards stands for, and raises the same; `spreading` is how a program
    comes to all of them. `joining`: how one of an entry and one of a return become one; their
    targets tell them apart by `return`. `looks_up`: attach points without wildcards are expanded as
    well; then PlaceError may be raised. `thing`: what the kernel's BTF has of the name in the
    section.
    """

    def __init__(
        self,
        attach: Callable[[Program, Target, Scope], Attached | None],
        explain: Callable[[Target, BpfError], tuple[str, str]],
        phase: str = DURING,
        last_first: Callable[[Target], bool] = lambda target: False,
        missing: Callable[[Target], str] = lambda target: "",
        locate: Locate = nowhere,
        named: Callable[[Sequence[str]], str] = ":".join,
        expand: Expand = no_wildcards,
        spreading: Spreading | None = None,
        looks_up: bool = False,
        thing: str = "function",
        joining: Joining | None = None,
    ) -> None:
        self.thing = thing
        self.joining = joining
        self.looks_up = looks_up
        self.attach = attach
        self.explain = explain
        self.phase = phase
        self.last_first = last_first
        self.missing = missing
        self.locate = locate
        self.named = named
        self.expand = expand
        self.spreading = spreading
