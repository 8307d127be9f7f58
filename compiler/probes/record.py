"""The record of a probe type, and what an attach point becomes once it is resolved."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import field, replace
from enum import Enum
from typing import Any, Protocol

from aotrace.compiler.arch import Arch
from aotrace.compiler.diagnostics import Diagnostics
from aotrace.compiler.frozen import dataclass
from aotrace.compiler.kernel.btf import Btf
from aotrace.compiler.kernel.sources import KernelSources
from aotrace.compiler.source import Span
from aotrace.compiler.syntax.nodes import AttachPoint
from aotrace.compiler.types import Pointer, Space, Type


@dataclass(frozen=True)
class ContextWord:
    """A u64 at a fixed offset of the program's context (an ABI, never relocated)."""

    type: Type
    offset: int


@dataclass(frozen=True)
class ContextStruct:
    """A struct of the kernel that is in the context itself, in as many words as it takes.

    The verifier takes these words for numbers: what is in them is read from a copy.
    """

    type: Type
    offset: int
    words: int


@dataclass(frozen=True)
class ContextField:
    """A field of a context struct that BTF knows: relocated. steps as in a CO-RE access.

    event: whose context it is (runtime/contexts.py), empty where every kernel has the same struct.
    located: the field is a `__data_loc` word that tells where in the record the value lies.
    """

    type: Type
    btf: Btf
    struct: int
    steps: tuple[str | int, ...]
    size: int
    signed: bool
    event: str
    located: bool = False


@dataclass(frozen=True)
class Passed:
    """A parameter of a function in user space: in a register, or on the stack.

    register: its offset in the context; None: `above` bytes above the address that the context has
    at `stack`. indirect: its address is there, not itself.
    """

    type: Type
    register: int | None
    stack: int
    above: int
    indirect: bool = False


@dataclass(frozen=True)
class SiteWord:
    """An argument of a usdt probe: the loader says where each of its sites has it."""

    type: Type
    index: int


Argument = ContextWord | ContextStruct | ContextField | Passed | SiteWord


class FileTypes(Protocol):
    """The types of a traced file (binaries/types.py); `made_for` says of which build they are."""

    @property
    def btf(self) -> Btf: ...

    def made_for(self) -> dict[str, str]: ...


class Output(Enum):
    """Where a program's events go.

    RING: the ring buffer. SEQUENCE: records in the file that is read from an iterator. TEXT: lines
    in that file, formatted by the kernel.
    """

    RING = 0
    SEQUENCE = 1
    TEXT = 2


@dataclass(frozen=True)
class FunctionAddress:
    """Where a program learns which function it is in: a word of its context, or (None) a helper.

    user: the function is one of the process.
    """

    word: ContextWord | None = None
    user: bool = False


@dataclass(frozen=True)
class ResolvedProbe:
    """One attach point, resolved against what is known of the kernel.

    section: the ELF section as libbpf reads it. mechanism and target: for the loader
    (runtime/metadata.py, Program). arguments: `args.NAME`; words: `arg0` …; result: `retval`.
    function: what `func` is, where a function is traced. place: where the program learns at which
    address of the process it is attached, where that is a place in a file of user space.
    point: where the target completes the attach point, its parts (runtime/points.py). wildcard:
    the attach point of which the compiler made this one and others.
    types: those of the traced file, which the script may name. module: those of the module that
    it is in, which the script may name beside the kernel's.
    context: what `ctx` is. element: what an iterator is at; the program ends where that is null.
    process: whose task it is about, where that is not the current process.
    returns: whether the program's own result matters to the loader.
    """

    kind: ProbeKind
    text: str
    section: str
    mechanism: str
    target: dict[str, Any]
    arguments: Mapping[str, Argument] | None = None
    words: tuple[ContextWord | SiteWord, ...] = ()
    result: Argument | None = None
    function: FunctionAddress | None = None
    place: FunctionAddress | None = None
    point: tuple[tuple[str | int, ...], ...] = ()
    wildcard: str = ""
    #: where the machine's registers lie in the context, by name; none where it has them not
    registers: Mapping[str, int] = field(default_factory=dict)
    types: FileTypes | None = None
    module: Btf | None = None
    context: Pointer | None = None
    element: ContextField | None = None
    process: ContextField | None = None
    output: Output = Output.RING
    returns: bool = False

    def located(self) -> dict[str, Any]:
        """The target, with the build of the file that types were read from."""
        return {**self.target, **(self.types.made_for() if self.types else {})}


@dataclass(frozen=True)
class ProbeRequest:
    """What a probe type gets to resolve an attach point; errors go to the diagnostics.

    fields: the names that the probe's body uses after `args.`, each with a place. names: all the
    names that it uses. btf: the kernel's types with those that the script declares. unsafe: whether
    what can do harm is allowed. missing: what becomes of probes that are not there (the variable
    missing_probes).
    """

    point: AttachPoint
    sources: KernelSources
    arch: Arch
    diagnostics: Diagnostics
    fields: Mapping[str, Span] = field(default_factory=dict)
    names: frozenset[str] = frozenset()
    btf: Btf | None = None
    unsafe: bool = False
    missing: str = "error"

    def error(self, message: str, *hints: str) -> None:
        self.diagnostics.error(message, self.point.span, *hints)

    def lacking(self, message: str, *hints: str) -> None:
        """The kernel that this is built for does not have it: an error, unless the script says that
        it may be so. Then no object can have it: its types are not known."""
        if self.missing == "error":
            self.error(message, *hints)
        elif self.missing == "warn":
            self.diagnostics.warning(message, self.point.span, *hints)

    def template(self, kind: ProbeKind) -> tuple[tuple[str | int, ...], ...]:
        """The parts of an attach point that the target completes: texts, numbers of parameters."""
        parts: list[list[str | int]] = [[] for _ in self.point.parts]
        ends = [0] * len(parts)
        for part, at, number in self.point.params:
            text = self.point.parts[part][ends[part] : at]
            parts[part] += [text, number] if text else [number]
            ends[part] = at + len(f"${number}")
        for part, text in enumerate(self.point.parts):
            parts[part] += [text[ends[part] :]] if text[ends[part] :] else []
        return ((kind.name,), *map(tuple, parts[1:]))

    def each(
        self,
        resolve: Callable[[ProbeRequest], ResolvedProbe | None],
        members: Iterable[tuple[str, ...]],
    ) -> list[ResolvedProbe] | None:
        """The attach points that a wildcard stands for, by their parts; None after an error."""
        found = []
        for parts in members:
            member = resolve(replace(self, point=replace(self.point, parts=parts)))
            if member is None:
                return None
            found.append(member)
        return found

    def has_no_fields(self) -> bool:
        """Report each `args.NAME` where the event that has it is not known yet."""
        for name, span in self.fields.items():
            text = f"`args.{name}` needs an event that is known at build time"
            self.diagnostics.error(text, span, "name the event in the script, without a parameter")
        return not self.fields

    def misformed(self, kind: ProbeKind) -> None:
        """Report an attach point that does not have its kind's form."""
        self.error(f"`{self.point.text}` is no valid {kind.name} probe", f"use {kind.form}")


class Side(Enum):
    """Which attach points a wildcard in the probe type may stand for."""

    NONE = 0
    KERNEL = 1
    USER = 2


@dataclass(frozen=True)
class ProbeKind:
    """A probe type. form: its shape for messages; resolve: None after it reported an error.

    wildcards: whether `*` may stand in its attach points.
    complete: what a probe is whose attach point the target completes, since it has parameters or
    wildcards in it; it sets what is known of it all the same. None: it must be known at build.
    expand: the probes of the kernel to build for that a wildcard stands for, for a body that uses
    one of `own_names`: names whose meaning is another at each. unlisted: a hint where the build
    host may not know all that there is. side: whether a wildcard for the probe type may mean it.
    """

    name: str
    aliases: tuple[str, ...]
    form: str
    doc: str
    resolve: Callable[[ProbeRequest], ResolvedProbe | None]
    #: -p PID and -c keep only events of that process
    pid_filtered: bool = False
    wildcards: bool = False
    #: the context begins with the registers of what was interrupted (pt_regs)
    registers: bool = False
    #: where an address points that comes from a number
    space: Space = Space.KERNEL
    complete: Callable[[ProbeRequest], ResolvedProbe | None] | None = None
    expand: Callable[[ProbeRequest], list[ResolvedProbe] | None] | None = None
    own_names: frozenset[str] = frozenset()
    unlisted: Callable[[ProbeRequest], str] | None = None
    #: no two probes of a script may have the same attach point
    unique: bool = False
    side: Side = Side.NONE
    #: what `probetype` says, where it is not the name
    family: str = ""
