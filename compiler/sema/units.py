"""Units of compilation: a probe's body for one of its attach points.

The same body means different things at different attach points (`args`, `arg0`, `probe`), so each
gets types and code of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from aotrace.compiler.arch import Arch
from aotrace.compiler.config import Config
from aotrace.compiler.diagnostics import Diagnostics, did_you_mean
from aotrace.compiler.kernel.btf import Btf
from aotrace.compiler.kernel.errors import KernelDataError
from aotrace.compiler.kernel.sources import KernelSources
from aotrace.compiler.probes import BY_NAME, kind_of
from aotrace.compiler.probes.record import ProbeKind, ProbeRequest, ResolvedProbe
from aotrace.compiler.sema.fold import Constant
from aotrace.compiler.sema.probetypes import TYPES, of_types, typed
from aotrace.compiler.sema.tables import NodeTable
from aotrace.compiler.source import Span
from aotrace.compiler.syntax.nodes import (
    AttachPoint,
    Call,
    Comptime,
    Expr,
    Ident,
    If,
    Member,
    Node,
    Probe,
    Program,
    Ternary,
)
from aotrace.compiler.syntax.walk import children, walk
from aotrace.compiler.types import Space, Type
from aotrace.runtime.members import any_wild, is_wild

_ALIAS = 2  # the longest abbreviation of a probe type, like almost anything


@dataclass(frozen=True, eq=False)
class Unit:
    """A probe's body at one attach point, and the types found for it."""

    node: Probe
    point: AttachPoint
    probe: ResolvedProbe
    types: NodeTable[Type] = field(default_factory=NodeTable)
    #: what is known at build time: of the script in general, and here above it, of `comptime`
    constants: NodeTable[Constant] = field(default_factory=NodeTable)
    #: expressions that stand in for others: the record that a `typeinfo` makes
    stand_ins: NodeTable[Expr] = field(default_factory=NodeTable)

    def stands_for(self, node: Expr) -> Expr:
        """What code is made of for a node: its stand-in, what `comptime` leaves of it."""
        while True:
            left = taken(node, self.constants)
            if isinstance(node, Comptime):
                node = node.operand
            elif left:
                node = left[-1]  # type: ignore[assignment]  # a branch of a Ternary
            else:
                return self.stand_ins.get(node) or node

    def live(self) -> Iterator[Node]:
        """The probe and all that is in it, but for branches that `comptime` rules out."""
        yield from self._live(self.node)

    def _live(self, node: Node) -> Iterator[Node]:
        yield node
        stand_in = self.stand_ins.get(node)
        below = [stand_in] if stand_in else taken(node, self.constants) or children(node)
        for child in below:
            yield from self._live(child)


def taken(node: Node, constants: NodeTable[Constant]) -> list[Node] | None:
    """What is left of an `if comptime`: its condition and a branch; None of all other nodes."""
    if not isinstance(node, (If, Ternary)) or not isinstance(node.condition, Comptime):
        return None
    value = constants.get(node.condition)
    if value is None:
        return [node.condition]
    branch = node.then if value else node.other
    return [node.condition, branch] if branch else [node.condition]


def resolve_probes(
    program: Program, sources: KernelSources, btf: Btf, arch: Arch, config: Config,
    diagnostics: Diagnostics,
) -> list[Unit]:  # fmt: skip
    """Resolve every attach point; what cannot be resolved is reported.

    btf: the kernel's types with those that the script declares.
    """
    units: list[Unit] = []
    most = config.max_bpf_progs
    for probe in program.probes:
        fields, names = dict(_argument_names(probe)), _names(probe)
        first, empty = len(units), []
        for point in probe.points:
            request = ProbeRequest(
                typed(point), sources, arch, diagnostics, fields, names, btf, config.unsafe,
                config.missing_probes,
            )  # fmt: skip
            if (members := _resolve(request)) == []:
                empty.append(request)
            for resolved in members or ():
                registers = arch.registers if resolved.kind.registers else {}
                units.append(Unit(probe, point, replace(resolved, registers=registers)))
            if len(units) > most:
                request.error(
                    f"the script becomes more than {most} programs: {len(units)} up to here",
                    "the config can raise that limit: max_bpf_progs = N",
                )
                return units[:most]
        for request in empty if len(units) == first else ():
            _nothing_matches(request)
    _check_unique(units, diagnostics)
    if not program.probes:
        diagnostics.error("the script has no probe", program.span, "add one: begin { … }")
    elif not units and not diagnostics.failed:
        diagnostics.error("the kernel this is built for has none of the probes", program.span)
    return units


def _nothing_matches(request: ProbeRequest) -> None:
    kind = kind_of(request.point.parts[0])
    assert kind  # it was resolved
    hint = kind.unlisted(request) if kind.unlisted else ""
    place = "this machine" if kind.space == Space.USER else "the kernel this is built for"
    text = f"no {kind.name} of {place} matches"
    request.error(text, *((hint,) if hint else ()))


def _check_unique(units: list[Unit], diagnostics: Diagnostics) -> None:
    """Report names that two probes have, where a name must be one probe's."""
    first: dict[str, Unit] = {}
    for unit in units:
        text = unit.probe.text
        other = first.setdefault(text, unit)
        if unit.probe.kind.unique and other is not unit:
            diagnostics.error(
                f"there are two probes `{text}`", unit.point.span,
                f"the other one is in line {other.point.span.script_line}",
            )  # fmt: skip


def _resolve(request: ProbeRequest) -> list[ResolvedProbe] | None:
    """The probes that an attach point is: none if it is a wildcard that matches nothing. None after
    an error."""
    provider = request.point.parts[0]
    kind = kind_of(provider)
    if kind is None and any(part == 0 for part, _, _ in request.point.params):
        request.error("the probe type must be known at build time", "name it in the script")
        return None
    if kind is None and is_wild(provider):
        return _fitting(request)
    if kind is None:
        known = [name for name in BY_NAME if len(name) > _ALIAS]
        request.error(f"unknown probe type `{provider}`", *did_you_mean(provider, known))
        return None
    try:
        if any_wild(request.point.parts):
            return _expand(kind, request)
        found = _complete(kind, request) if request.point.params else kind.resolve(request)
    except KernelDataError as error:
        request.error(str(error), *((error.hint,) if error.hint else ()))
        return None
    return [found] if found else None


def _fitting(request: ProbeRequest) -> list[ResolvedProbe] | None:
    """The probes of those types, among many that a wildcard stands for, that have such a one."""
    found: list[ResolvedProbe] = []
    points = of_types(request.point)
    for point in points:
        said = Diagnostics()
        members = _resolve(replace(request, point=point, diagnostics=said)) or ()
        found += [replace(member, wildcard=request.point.text) for member in members]
        for warning in said.warnings if members else ():
            request.diagnostics.warning(warning.message, warning.span, *warning.hints)
    if not found:
        types = " or ".join(point.parts[0] for point in points)
        text = f"no probe of {types} is called so" if types else "no probe type matches"
        request.error(text, "a wildcard for the probe type may mean " + ", ".join(TYPES))
    return found or None


def _expand(kind: ProbeKind, request: ProbeRequest) -> list[ResolvedProbe] | None:
    """A wildcard: one probe that the target expands, or many where each has names of its own."""
    if not kind.wildcards:
        request.error(f"wildcards are not allowed for {kind.name} probe type")
        return None
    if kind.expand is None or not kind.own_names & request.names or request.point.params:
        found = _complete(kind, request)
        return [found] if found else None
    members = kind.expand(request)
    if members is None:
        return None
    return [replace(member, wildcard=request.point.text) for member in members]


def _complete(kind: ProbeKind, request: ProbeRequest) -> ResolvedProbe | None:
    """A probe whose attach point is complete only on the target."""
    if kind.complete is None:
        shown = f"${request.point.params[0][2]}"
        request.error(
            f"a {kind.name} probe must be known at build time: `{shown}` is a parameter, set when "
            "the object is loaded",
            "name the attach point in the script",
        )
        return None
    found = kind.complete(request)
    return replace(found, point=request.template(kind)) if found else None


def _names(probe: Probe) -> frozenset[str]:
    """The names of builtins and functions that a probe uses."""
    return frozenset(node.name for node in walk(probe) if isinstance(node, (Ident, Call)))


def _argument_names(probe: Probe) -> Iterator[tuple[str, Span]]:
    for node in walk(probe):
        if isinstance(node, Member) and isinstance(node.base, Ident) and node.base.name == "args":
            yield node.name, node.field_span
