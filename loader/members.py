"""Programs whose attach points the target completes: what they stand for here, and their numbers.

A program with parameters or wildcards in its attach point has *members*, the places that it is
attached to. The first member's number is the program's own among all programs; the others are
numbered from there on (runtime/members.py).
"""

from __future__ import annotations

import os

from aotrace.loader import attach
from aotrace.loader.attach.mechanism import BENCH, DURING, TEST
from aotrace.loader.copies import Copier
from aotrace.loader.errors import LoaderError, PlaceError, StartError
from aotrace.loader.libbpf import syscall
from aotrace.loader.libbpf.lib import BpfError
from aotrace.loader.probes import place
from aotrace.runtime import members as wire

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from aotrace.loader.attach.mechanism import Attached, Mechanism, Scope, Spreading, Target
    from aotrace.loader.libbpf.handles import Object
    from aotrace.loader.libbpf.handles import Program as Handle
    from aotrace.loader.libbpf.lib import Libbpf
    from aotrace.loader.probes import MissingProbes
    from aotrace.runtime.metadata import Metadata, Program


_FILES, _NEEDED = 256, 32  # open files beside the links of members, and the least of it


#: When programs run that --probe-filter can leave out.
_NAMED = (DURING, TEST, BENCH)


class Member:
    """One place that a program is attached to."""

    __slots__ = ("number", "target", "text")

    def __init__(self, number: int, text: str, target: Target) -> None:
        self.number = number
        self.text = text
        self.target = target


class Members:
    """The members of an object's programs on this machine. Raises LoaderError."""

    def __init__(self, meta: Metadata, lib: Libbpf, missing: MissingProbes, scope: Scope) -> None:
        self._scope = scope
        self._lib = lib
        self._meta = meta
        self._missing = missing
        self._cookies: dict[int, bool] = {}
        self.of: dict[str, list[Member]] = {}
        self._next = len(meta.programs)

    def find(self) -> None:
        """Expand every attach point; a program that has no member here is missing."""
        nowhere = []
        for number, program in enumerate(self._meta.programs):
            mechanism = attach.find(program.mechanism)
            if program.point:
                if not self._expand(number, program, mechanism):
                    nowhere.append(program)
            elif program.wildcard and mechanism.missing(program.target):
                self._missing.names.add(program.name)
        for program in nowhere:
            self._without_match(program)
        for text in sorted({p.wildcard for p in self._meta.programs if p.wildcard}):
            self._check_wildcard(text)

    def _expand(self, number: int, program: Program, mechanism: Mechanism) -> bool:
        """False: nothing here matches."""
        parts = program.probe.split(":")
        if wire.any_wild(parts) or mechanism.looks_up or program.target.get("many"):
            try:
                found = mechanism.expand(parts, program.target, self._scope)
            except PlaceError as error:
                reason = f"cannot attach {place(program, self._meta.script)}: {error}"
                self._missing.skip(program, LoaderError(reason, error.hint))
                return True
            except (KeyError, ValueError) as error:
                told = "it has no such form" if isinstance(error, KeyError) else error
                where = place(program, self._meta.script)
                raise LoaderError(f"cannot attach {where}: {told}") from None
            if not found:
                self._missing.names.add(program.name)
                return False
            program.target = found[0][1]  # for what is asked of any program
        else:
            found = [(program.probe, program.target)]
        numbers = self._numbers(number, len(found))
        self.of[program.name] = [Member(n, *item) for n, item in zip(numbers, found)]
        return True

    def _without_match(self, program: Program) -> None:
        """Nothing is said of a wildcard that matches nothing, as in bpftrace, unless none of its
        probe's attach points is there."""
        others = [
            other
            for other in self._meta.programs
            if program.group is not None and other.group == program.group
        ]
        if all(other.name in self._missing.names for other in others):
            reason = f"cannot attach {place(program, self._meta.script)}: nothing here matches"
            self._missing.skip(program, LoaderError(reason))

    def _numbers(self, first: int, count: int) -> list[int]:
        rest = range(self._next, self._next + count - 1)
        self._next = rest.stop
        return [first, *rest]

    def _check_wildcard(self, text: str) -> None:
        """Of the programs that the compiler made of a wildcard, one must be there.

        Where all are missing already, MissingProbes says what becomes of that.
        """
        made = [p for p in self._meta.programs if p.wildcard == text]
        groups = {p.group for p in made if p.group is not None}
        made += [p for p in self._meta.programs if p.group in groups and p not in made]
        if all(p.name in self._missing.names for p in made):
            where = f"{text} ({self._meta.script}:{made[0].line})"
            reason = LoaderError(f"cannot attach {where}: nothing here matches")
            self._missing.skip(made[0], reason)

    def keep(self, pattern: str) -> None:
        """Leave out the probes whose name does not match. Raises LoaderError for no pattern."""
        import re

        try:
            wanted = re.compile(pattern).search
        except re.error as error:
            raise StartError(f"Invalid --probe-filter regex '{pattern}': {error}") from None
        for number, program in enumerate(self._meta.programs):
            if attach.find(program.mechanism).phase not in _NAMED:
                continue
            members = self.of.get(program.name)
            if members is None:
                kept = bool(wanted(program.probe))
            else:
                kept = self._keep(number, members, wanted)
            if not kept:
                self._missing.names.add(program.name)

    def _keep(self, first: int, members: list[Member], wanted: Callable[[str], object]) -> bool:
        """Whether any member is kept; the first of them gets the program's own number."""
        members[:] = [member for member in members if wanted(member.text)]
        if members:
            members[0].number = first
        return bool(members)

    # --- loading

    def settings(self) -> dict[str, int]:
        """The value of each setting that says where a program finds its number."""
        known = {setting.name for setting in self._meta.settings}
        return {
            name: int(len(self.of.get(program.name, ())) > 1 and self._by_cookie(program))
            for program in self._meta.programs
            if (name := wire.cookie_setting(program.name)) in known
        }

    def _by_cookie(self, program: Program) -> bool:
        spreading = attach.find(program.mechanism).spreading
        kind = spreading.program_type if spreading else 0
        if kind not in self._cookies:
            self._cookies[kind] = bool(kind) and syscall.gives_cookies(self._lib, kind)
        return self._cookies[kind]

    def prepare(self, bpf: Object) -> None:
        """Before the load."""
        for name in (wire.MEMBERS, wire.ARGUMENTS, wire.PLACES):
            found = bpf.map(name)
            if found:
                found.resize(self._next)
        for program in self._meta.programs:
            spreading = attach.find(program.mechanism).spreading
            if program.name in self.of and spreading:
                handle = bpf.programs[program.name]
                spreading.prepare(self._lib, handle, self.of[program.name])

    def tell(self, bpf: Object) -> None:
        """After the load: fill in what programs look up by their member's number."""
        texts, arguments = bpf.map(wire.MEMBERS), bpf.map(wire.ARGUMENTS)
        places = bpf.map(wire.PLACES)
        for member in (member for members in self.of.values() for member in members):
            key = member.number.to_bytes(4, "little")
            if texts:
                text = member.text.encode()[: wire.TEXT_SIZE - 1]
                texts.put(key, text.ljust(wire.TEXT_SIZE, b"\0"))
            if arguments and "arguments" in member.target:
                room = arguments.value_size
                arguments.put(key, member.target["arguments"][:room].ljust(room, b"\0"))
            if places and "place" in member.target:
                places.put(key, member.target["place"].to_bytes(wire.PLACE_SIZE, "little"))

    # --- attaching

    def attach(
        self, bpf: Object, program: Program, mechanism: Mechanism, scope: Scope
    ) -> list[Attached]:
        """Attach to every member that takes it. Raises the first BpfError if none does."""
        handle, members = bpf.programs[program.name], self.of[program.name]
        spreading = mechanism.spreading
        if spreading is None or (len(members) == 1 and spreading.program_type):
            program.target = members[0].target
            link = mechanism.attach(handle, program.target, scope)
            return [link] if link else []
        links: list[Attached] = []
        links += spreading.attach_all(self._lib, handle, members) or ()
        if not links:
            links += self._one_by_one(handle, program, spreading, members)
        return links

    def _one_by_one(
        self, handle: Handle, program: Program, spreading: Spreading, members: list[Member]
    ) -> list[Attached]:
        asks = wire.cookie_setting(program.name) in {s.name for s in self._meta.settings}
        cookies = asks and self._by_cookie(program)
        each = (asks and not cookies) or not spreading.program_type
        copier = Copier(self._lib, handle) if each else None
        _allow_files(len(members), 2 if cookies else 1)
        links: list[Attached] = []
        failed: BpfError | None = None
        try:
            for member in members[::-1]:
                try:
                    links.append(self._attach(handle, spreading, member, cookies, copier))
                except BpfError as error:
                    failed = failed or error
        finally:
            if copier:
                copier.close()
        if failed and not links:
            program.target = members[-1].target
            raise failed
        return links

    def _attach(
        self, handle: Handle, spreading: Spreading, member: Member, cookies: bool,
        copier: Copier | None,
    ) -> Attached:  # fmt: skip
        """One member: by the program itself, or by a copy that has its number."""
        lib, target = self._lib, member.target
        first = member.number < len(self._meta.programs)
        if copier is None or first:
            return spreading.attach_at(lib, handle.fd, target, member.number if cookies else None)
        program = copier.load(member.number, spreading.loading(lib, target))
        try:
            return spreading.attach_at(lib, program, target, None)
        finally:
            os.close(program)  # the link keeps it


def _allow_files(probes: int, each: int) -> None:
    """Each link is an open file, and mostly its event as well: raise the limit of this process, if
    it must be. Raises LoaderError where it may not be."""
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    count = probes * each
    wanted = count + _FILES
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return
    for limits in ((wanted, max(wanted, hard)), (hard, hard)):
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, limits)
        except (OSError, ValueError):
            continue
        soft = limits[0]
        break
    if soft < count + _NEEDED:
        text = f"{probes} probes take {count} open files more, and there may be {soft} in all"
        raise LoaderError(text, "allow more: ulimit -n NUMBER")
