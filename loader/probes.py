"""The programs of an object, attached and run; and what to do about those that cannot be."""

from __future__ import annotations

from aotrace.loader import attach
from aotrace.loader.attach.mechanism import AFTER, BEFORE, DURING
from aotrace.loader.errors import LoaderError, ObjectError, PlaceError, StartError
from aotrace.loader.libbpf.lib import BpfError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from aotrace.loader.attach.mechanism import Attached, Mechanism, Scope
    from aotrace.loader.console import Console
    from aotrace.loader.libbpf.handles import Object
    from aotrace.loader.members import Members
    from aotrace.runtime.metadata import Metadata, Program

_ERROR, _WARN, _IGNORE = "error", "warn", "ignore"
_MOST = 1024  # probes, where the config does not say
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
        if self._policy not in (_WARN, _IGNORE):
            error.hint = error.hint or _EXPECTED
            raise error
        if self._policy == _WARN:
            self._console.warn(f"{error}. Skipping.")
        self.names.add(program.name)


class Probes:
    """The programs of a loaded object, by when they run."""

    def __init__(
        self,
        meta: Metadata,
        missing: MissingProbes,
        scope: Scope,
        members: Members | None = None,
    ) -> None:
        self._script = meta.script
        self._scope = scope
        self._members = members
        self._most = int(meta.config.get("max_probes", _MOST))
        self._missing = missing
        self._programs = [(program, _mechanism(program)) for program in meta.programs]
        self._links: list[Attached] = []

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
            raise LoaderError("No probes to attach")

    def _members_of(self, program: Program) -> int:
        if program.name in self._missing.names:
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
            self._start(bpf, program, mechanism)

    def run_after(self, bpf: Object) -> None:
        """Run the end programs."""
        for program, mechanism in self._of(AFTER):
            self._start(bpf, program, mechanism)

    @property
    def attached(self) -> int:
        """How many trace."""
        return sum(link.places for link in self._links)

    @property
    def total(self) -> int:
        """How many there are, with begin and end. Raises LoaderError if that is none."""
        total = len(self._of(BEFORE)) + len(self._of(AFTER)) + self.attached
        if not total:
            raise StartError("no probe could be attached")
        return total

    def close(self) -> None:
        """Detach."""
        while self._links:
            self._links.pop().close()

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
                self._links += self._members.attach(bpf, program, mechanism, self._scope)
                return
            link = mechanism.attach(bpf.programs[program.name], program.target, self._scope)
        except BpfError as error:
            reason, hint = mechanism.explain(program.target, error)
            self._missing.skip(program, StartError(f"cannot attach {where}: {reason}", hint))
            return
        except PlaceError as error:
            self._missing.skip(program, StartError(f"cannot attach {where}: {error}", error.hint))
            return
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise ObjectError(
                f"the object does not say where {where} is: {error}", _NEWER
            ) from None
        if link:
            self._links.append(link)


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
