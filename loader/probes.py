"""The programs of an object, attached and run; and what to do about those that cannot be."""

from __future__ import annotations

import errno

from aotrace.loader import attach
from aotrace.loader.attach.mechanism import AFTER, BEFORE, BENCH, DURING, SIGNALLED, TEST, Walk
from aotrace.loader.errors import LoaderError, ObjectError, PlaceError, StartError, UnfitError
from aotrace.loader.libbpf.lib import BpfError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from aotrace.loader.attach.mechanism import Attached, Mechanism, Scope
    from aotrace.loader.console import Console
    from aotrace.loader.libbpf.handles import Object
    from aotrace.loader.members import Members
    from aotrace.loader.pairs import Pair
    from aotrace.runtime.metadata import Metadata, Program

#: Which programs are wanted: for tracing, or for what an option asks instead.
TRACING = (BEFORE, DURING, SIGNALLED, AFTER)
TRIALS = {"test": (BEFORE, TEST, AFTER), "bench": (BEFORE, BENCH, AFTER)}

_ERROR, _WARN, _IGNORE = "error", "warn", "ignore"
_MOST = 1024  # probes, where the config does not say
_BOTH = 2  # programs of a pair
_NEWER = "install a newer aotrace here, or compile the script again"
_EXPECTED = "if that is expected, set the script's config: missing_probes = warn"


class MissingProbes:
    """What the script's config says of probes that this kernel does not have: missing_probes."""

    def __init__(self, meta: Metadata, console: Console) -> None:
        self._policy = meta.config.get("missing_probes", _ERROR)
        self._console = console
        self.names: set[str] = set()

    def skip(self, program: Program, error: LoaderError) -> None:
        """Do without a program, or raise the error."""
        if program.wildcard and program.name not in self.names:
            self.names.add(program.name)  # one of many
            return
        if self._policy not in (_WARN, _IGNORE):
            error.hint = error.hint or _EXPECTED
            raise error
        if self._policy == _WARN:
            self._console.warn(f"{error}. Skipping.")
        self.names.add(program.name)


class Probes:
    """The programs of a loaded object, by when they run. `phases`: those that this run has, any
    other program is not even loaded."""

    def __init__(
        self,
        meta: Metadata,
        missing: MissingProbes,
        scope: Scope,
        members: Members | None = None,
        phases: tuple[str, ...] = TRACING,
    ) -> None:
        self._script = meta.script
        self._scope = scope
        self._members = members
        self._most = int(meta.config.get("max_probes", _MOST))
        self._missing = missing
        self._programs = [(program, _mechanism(program)) for program in meta.programs]
        self._links: list[tuple[Program, Attached]] = []
        unwanted = [p.name for p, mechanism in self._programs if mechanism.phase not in phases]
        missing.names.update(unwanted)
        self._pairs = self._find_pairs(meta)

    def check_number(self) -> None:
        """Raises LoaderError for none, or more than the script's config allows (max_probes)."""
        most = self._most
        number = sum(self._members_of(program) for program, _ in self._programs)
        if number > most:
            raise LoaderError(
                f"Can't attach to {number} probes because it exceeds the current limit of {most} "
                "probes.",
                "the config can raise it: max_probes = N; so many may slow the machine down",
            )
        if not number:
            if hint := self._trials():
                raise StartError("No probes attached", hint)
            raise LoaderError("No probes to attach")

    def _find_pairs(self, meta: Metadata) -> dict[str, Pair]:
        """The programs that are attached in pairs, by their names."""
        if sum(mechanism.joining is not None for _, mechanism in self._programs) < _BOTH:
            return {}
        from aotrace.loader import pairs

        found = pairs.find(meta, self._members, self._missing, self._scope.lib)
        return {program.name: pair for pair in found for program in (pair.entry, pair.back)}

    def _members_of(self, program: Program) -> int:
        pair = self._pairs.get(program.name)
        if program.name in self._missing.names or (pair and program is pair.back):
            return 0
        members = self._members.of.get(program.name) if self._members else None
        return 1 if members is None else len(members)

    def run_before(self, bpf: Object) -> None:
        """Run the begin programs."""
        for program, mechanism in self._of(BEFORE):
            self._start(bpf, program, mechanism)

    def attach(self, bpf: Object) -> None:
        """Attach all that trace, so that those at one place run in the order of the script."""
        programs = self._of(DURING)
        reverse = [p for p in programs if p[1].last_first(p[0].target)]
        for program, mechanism in [p for p in programs if p not in reverse] + reverse[::-1]:
            pair = self._pairs.get(program.name)
            if pair is None:
                self._start(bpf, program, mechanism)
            elif program is pair.entry:
                self._start_pair(bpf, pair, mechanism)

    def _start_pair(self, bpf: Object, pair: Pair, mechanism: Mechanism) -> None:
        """As one, or each of them where the kernel does not take that."""
        assert self._scope.lib is not None  # else there were no pairs
        links = pair.attach(self._scope.lib, bpf)
        self._links += [(pair.entry, link) for link in links]
        for program in () if links else (pair.back, pair.entry):
            self._start(bpf, program, mechanism)

    def run_after(self, bpf: Object) -> None:
        """Run the end programs."""
        for program, mechanism in self._of(AFTER):
            self._start(bpf, program, mechanism)

    def signalled(self, bpf: Object) -> None:
        """Run what waits for a signal to the loader."""
        for program, mechanism in self._of(SIGNALLED):
            self._start(bpf, program, mechanism)

    def of(self, phase: str) -> list[Program]:
        """The programs whose turn that is."""
        return [program for program, _ in self._of(phase)]

    def detach(self, wanted: Callable[[Program], bool]) -> None:
        """Detach some of those that trace."""
        for program, link in [pair for pair in self._links if wanted(pair[0])]:
            self._links.remove((program, link))
            link.close()
        self._let_go()

    @property
    def walks(self) -> list[Walk]:
        """The iterators among those that trace, in the order of the script."""
        return [link for _, link in self._links if isinstance(link, Walk)]

    @property
    def waiting(self) -> bool:
        """Whether there is something to wait for: events, or a signal."""
        return len(self._links) > len(self.walks) or bool(self._of(SIGNALLED))

    @property
    def attached(self) -> int:
        """How many trace."""
        return sum(link.places for _, link in self._links)

    @property
    def total(self) -> int:
        """How many there are, with begin and end. Raises LoaderError if that is none."""
        others = sum(len(self._of(phase)) for phase in (BEFORE, AFTER, SIGNALLED))
        total = others + self.attached
        if not total:
            raise StartError("no probe could be attached", self._trials())
        return total

    def _trials(self) -> str:
        """What to do where the script has tests or benchmarks, and nothing traces."""
        phases = {mechanism.phase for _, mechanism in self._programs}
        return " ".join(f"use --{p} to run its {p} probes" for p in (TEST, BENCH) if p in phases)

    def close(self) -> None:
        """Detach."""
        while self._links:
            self._links.pop()[1].close()
        self._let_go()

    def _let_go(self) -> None:
        """Of what members are attached by, which takes its time."""
        if self._members:
            from aotrace.loader.libbpf import lingering

            lingering.let_go()

    def _of(self, phase: str) -> list[tuple[Program, Mechanism]]:
        return [
            (program, mechanism)
            for program, mechanism in self._programs
            if mechanism.phase == phase and program.name not in self._missing.names
        ]

    def _start(self, bpf: Object, program: Program, mechanism: Mechanism) -> None:
        where = place(program, self._script)
        try:
            if self._members and program.name in self._members.of:
                links = self._members.attach(bpf, program, mechanism, self._scope)
                self._links += [(program, link) for link in links]
                return
            link = mechanism.attach(bpf.programs[program.name], program.target, self._scope)
        except BpfError as error:
            reason, hint = mechanism.explain(program.target, error)
            kind = LoaderError if error.errno == errno.ENOENT else StartError
            self._missing.skip(program, kind(f"cannot attach {where}: {reason}", hint))
            return
        except PlaceError as error:
            kind = StartError if isinstance(error, UnfitError) else LoaderError
            self._missing.skip(program, kind(f"cannot attach {where}: {error}", error.hint))
            return
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise ObjectError(
                f"the object does not say where {where} is: {error}", _NEWER
            ) from None
        if link:
            self._links.append((program, link))


def place(program: Program, script: str) -> str:
    """`PROBE (SCRIPT:LINE)`, for messages."""
    return f"{program.probe} ({script}:{program.line})"


def _mechanism(program: Program) -> Mechanism:
    try:
        return attach.find(program.mechanism)
    except KeyError:
        raise ObjectError(
            f"this aotrace cannot attach {program.probe} (by {program.mechanism})", _NEWER
        ) from None
