"""The records that describe builtins, functions and map functions.

One record says all there is to know of a name: its parameters, its type, its extra checks, the code
that it becomes, and its line of documentation.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Sequence
from dataclasses import field
from typing import Any

from aotrace.compiler.config import Config
from aotrace.compiler.diagnostics import Diagnostics
from aotrace.compiler.emitter import Emitter, Reg
from aotrace.compiler.frozen import dataclass
from aotrace.compiler.kernel.btf import Btf
from aotrace.compiler.probes.record import ResolvedProbe
from aotrace.compiler.source import Span
from aotrace.compiler.syntax.nodes import Call, Expr, MapAccess, MapRef
from aotrace.compiler.types import Aggregate, Int, Pointer, Space, Type
from aotrace.runtime.values import CountKind, Kind

STATE_SIZE = 16  # bytes in which the CPUs' values are merged

Constant = int | bytes | bool | None


@dataclass(frozen=True)
class Accepts:
    """A class of arguments: how messages name it and which types belong to it."""

    name: str
    test: Callable[[Type], bool]


@dataclass(frozen=True)
class Parameter:
    """One parameter. constant: its value must be known at build. many: stands for the rest.

    text: a positional parameter of the script (`$1`) is read as a string here, not as a number.
    loadable: one may stand here although the value must be constant: the loader fills it in.
    words: bare names that may stand here; they are read as constant strings (`nsecs(boot)`).
    comptime: it is evaluated at build time, as if `comptime` stood before it.
    type: a type stands here, as `typeof(…)`. any_word: a bare name, whatever it is.
    """

    name: str
    accepts: Accepts
    constant: bool = False
    optional: bool = False
    many: bool = False
    text: bool = False
    loadable: bool = False
    words: tuple[str, ...] = ()
    comptime: bool = False
    type: bool = False
    any_word: bool = False


@dataclass(frozen=True)
class LoadParameter:
    """A parameter of the script that the loader sets: its setting's name (runtime/metadata.py)."""

    name: str
    kind: Kind
    default: int | str | None = None
    description: str | None = None


@dataclass(frozen=True)
class ProbeContext:
    """Where a name is used: the probe, the kernel's types, the limits of this build."""

    probe: ResolvedProbe
    btf: Btf
    config: Config

    @property
    def types(self) -> Btf:
        """The types that the script may name here: a traced file's own ones, too."""
        return self.probe.types.btf if self.probe.types else self.btf

    def space_of(self, kind: Type) -> Space:
        """Which memory a value points into, if it is an address."""
        if isinstance(kind, Pointer):
            return kind.space
        said = kind.space if isinstance(kind, Int) else Space.NONE
        return self.probe.kind.space if said is Space.NONE else said


@dataclass(frozen=True)
class Site:
    """One call in one probe, as checks and emitters see it."""

    node: Call
    types: tuple[Type, ...]
    constants: tuple[Constant, ...]
    context: ProbeContext
    diagnostics: Diagnostics

    @property
    def args(self) -> tuple[Expr, ...]:
        return self.node.args  # type: ignore[return-value]  # types as arguments: see Function.syntax

    def reading(self, arg: int) -> Span:
        """Where it is told that memory cannot be read: at an argument that lies there, at the call
        for one that is its address."""
        return (self.node if self.types[arg].scalar else self.node.args[arg]).span

    def error(self, message: str, *hints: str, arg: int | None = None) -> None:
        span = self.node.span if arg is None else self.node.args[arg].span
        self.diagnostics.error(message, span, *hints)

    def warning(self, message: str, *hints: str, arg: int | None = None) -> None:
        span = self.node.span if arg is None else self.node.args[arg].span
        self.diagnostics.warning(message, span, *hints)


@dataclass(frozen=True)
class EventSpec:
    """What an event function sends: the loader's action, argument expressions, build-time details.

    map: the map it is about; its index joins the details. wakeup: the loader must see it at once.
    made: the types of what is no expression of the script; it stands behind the arguments, and
    `fill` writes it, given where each lies. aside: it only warns of how a value came about, and is
    left out where nobody is there to be warned.
    """

    action: str
    args: tuple[Expr, ...] = ()
    details: dict[str, Any] = field(default_factory=dict)
    map: MapRef | None = None
    wakeup: bool = False
    made: tuple[Type, ...] = ()
    fill: Callable[[Emitter, Sequence[Reg]], None] | None = None
    aside: bool = False


@dataclass(frozen=True)
class Builtin:
    """A name without parentheses (also accepted with empty ones): `pid`, `comm`."""

    name: str
    doc: str
    #: None: this probe does not have it
    type: Callable[[ProbeContext], Type | None]
    #: the last argument is where a memory value goes
    emit: Callable[[Emitter, ProbeContext, Reg | None], Reg]
    #: what to say to a probe that does not have it
    hints: Callable[[ProbeContext], tuple[str, ...]] | None = None
    #: the value at build time, for `comptime`
    comptime: Callable[[ProbeContext], Constant] | None = None
    #: what is written in its place, where it is made of literals
    stand_in: Callable[[ProbeContext, Span], Expr] | None = None


@dataclass(frozen=True)
class Function:
    """A function that gives a value. emit's last argument is where a memory value goes.

    One that needs no argument may be named without parentheses.
    """

    name: str
    doc: str
    parameters: tuple[Parameter, ...]
    type: Callable[[Site], Type]
    emit: Callable[[Emitter, Site, Reg | None], Reg]
    check: Callable[[Site], None] | None = None
    #: the value is a parameter that the loader sets
    parameter: Callable[[Site], LoadParameter] | None = None
    #: the value where the constants among the arguments settle it at build time
    fold: Callable[[Sequence[Constant]], Constant] | None = None
    #: the value where types settle it (the site's), for `comptime`; None: not known at build time
    comptime: Callable[[Site], Constant] | None = None
    #: it can do harm: a build that uses it must be asked for, and so must the run
    unsafe: bool = False
    #: the configuration variable that must allow it
    unstable: str = ""
    #: the events that its code may send beside giving a value (Emitter.send)
    events: Callable[[Site], tuple[EventSpec, ...]] | None = None
    #: it does something, whether or not anybody takes its value
    acts: bool = False


@dataclass(frozen=True)
class EventFunction:
    """A function whose work is done in user space: `printf`, `time`, `exit`."""

    name: str
    doc: str
    parameters: tuple[Parameter, ...]
    event: Callable[[Site], EventSpec]
    check: Callable[[Site], None] | None = None
    #: True: the program ends after it
    leaves: bool = False
    #: True: a map that it is given is read by the loader, some time later
    reads_map: bool = False
    #: positions of arguments that are shown as text, by the constants among the arguments
    texts: Callable[[Sequence[Constant]], Container[int]] = lambda _constants: ()
    #: as a Function's
    unsafe: bool = False


@dataclass(frozen=True)
class MapFunction:
    """A function on a map or one of its keys: `delete`, `has_key`, `clear`.

    Its first argument is the map (or `@m[key]`); where `keyed`, a key may follow as the second.
    `emit` makes code; `event` asks the loader. Exactly one of the two is set.
    """

    name: str
    doc: str
    keyed: bool
    type: Type
    emit: Callable[[Emitter, MapRef, Reg], Reg] | None = None
    event: Callable[[MapRef], EventSpec] | None = None
    #: it makes no sense of a map without keys
    wants_keys: bool = False
    #: what the name means where a value stands in place of the map
    of_value: Function | None = None
    #: a variable follows, which gets the value where the function is true (sema/bare.py)
    assigns: bool = False
    #: as a Function's
    acts: bool = False


@dataclass(frozen=True)
class AggregateFunction:
    """A function assigned to a map: `@ = count()`. `update` changes one CPU's value in place, given
    its address and the first argument's value (zero where there is none).

    A script can print one key's value where `merge` is set: it takes one CPU's value into a state
    of `STATE_SIZE` bytes, zero at first; and read it as an integer where `result` makes one of
    that. Where the first
    call makes the same value whatever its arguments are, that value is `first`.
    """

    name: str
    doc: str
    parameters: tuple[Parameter, ...]
    type: Callable[[Site], Type]
    update: Callable[[Emitter, Site, Reg, Reg], None]
    check: Callable[[Site], None] | None = None
    merge: Callable[[Emitter, Aggregate, Reg, Reg], None] | None = None
    result: Callable[[Emitter, Aggregate, Reg], Reg] | None = None
    #: the configuration variable that must allow it
    unstable: str = ""
    first: bytes = b""


Entry = Builtin | Function | EventFunction | MapFunction | AggregateFunction


def is_bare(entry: Entry | None) -> bool:
    """Whether a name may stand without parentheses."""
    if isinstance(entry, Function):
        return all(parameter.optional or parameter.many for parameter in entry.parameters)
    return isinstance(entry, Builtin)


def arity_error(entry_name: str, parameters: Sequence[Parameter], given: int) -> str | None:
    """The message for a wrong number of arguments, or None."""
    least = sum(1 for p in parameters if not p.optional and not p.many)
    most = None if any(p.many for p in parameters) else len(parameters)
    if given < least:
        return f"{entry_name}() requires {_count(least, _least(most, least))} ({given} provided)"
    if most is not None and given > most:
        return f"{entry_name}() takes {_count(most, _most(most, least))} ({given} provided)"
    return None


_ANY_MAP = Aggregate("", CountKind())  # stands for any map where a parameter takes one


def takes_maps(parameter: Parameter) -> bool:
    """Whether a map as a whole may stand there: it is passed as an Aggregate, whatever it holds."""
    return parameter.accepts.test(_ANY_MAP)


def match_parameters(parameters: Sequence[Parameter], given: int) -> list[Parameter]:
    """The parameter of each argument: optional ones fall away from the end first."""
    matched = list(parameters)
    for parameter in reversed(parameters):
        if len(matched) > given and (parameter.optional or parameter.many):
            matched.remove(parameter)
    while matched and len(matched) < given and matched[-1].many:
        matched.append(matched[-1])
    return matched[:given]


def _least(most: int | None, least: int) -> str:
    return "" if most == least else "at least "


def _most(most: int, least: int) -> str:
    return "" if most == least or not most else "at most "


def _count(number: int, limit: str) -> str:
    words = {0: "no", 1: "one"}
    return f"{limit}{words.get(number, str(number))} argument{'s' if number != 1 else ''}"


__all__ = [
    "Accepts", "AggregateFunction", "Builtin", "Constant", "Entry", "EventFunction", "EventSpec",
    "Function", "LoadParameter", "MapAccess", "MapFunction", "Parameter", "ProbeContext", "Site",
    "arity_error", "is_bare", "match_parameters",
]  # fmt: skip
