"""The record of a probe type, and what an attach point becomes once it is resolved."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from aotrace.compiler.arch import Arch
from aotrace.compiler.diagnostics import Diagnostics
from aotrace.compiler.kernel.btf import Btf
from aotrace.compiler.kernel.sources import KernelSources
from aotrace.compiler.source import Span
from aotrace.compiler.syntax.nodes import AttachPoint
from aotrace.compiler.types import Type


@dataclass(frozen=True)
class ContextWord:
    """A u64 at a fixed offset of the program's context (an ABI, never relocated)."""

    type: Type
    offset: int


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


Argument = ContextWord | ContextField


@dataclass(frozen=True)
class ResolvedProbe:
    """One attach point, resolved against what is known of the kernel.

    section: the ELF section as libbpf reads it. mechanism and target: for the loader
    (runtime/metadata.py, Program). arguments: `args.NAME`; words: `arg0` …; result: `retval`.
    """

    kind: ProbeKind
    text: str
    section: str
    mechanism: str
    target: dict[str, Any]
    arguments: Mapping[str, Argument] | None = None
    words: tuple[ContextWord, ...] = ()
    result: Argument | None = None


@dataclass(frozen=True)
class ProbeRequest:
    """What a probe type gets to resolve an attach point; errors go to the diagnostics.

    fields: the names that the probe's body uses after `args.`, each with a place.
    """

    point: AttachPoint
    sources: KernelSources
    arch: Arch
    diagnostics: Diagnostics
    fields: Mapping[str, Span] = field(default_factory=dict)

    def error(self, message: str, *hints: str) -> None:
        self.diagnostics.error(message, self.point.span, *hints)

    def misformed(self, kind: ProbeKind) -> None:
        """Report an attach point that does not have its kind's form."""
        self.error(f"`{self.point.text}` is no valid {kind.name} probe", f"use {kind.form}")


@dataclass(frozen=True)
class ProbeKind:
    """A probe type. form: its shape for messages; resolve: None after it reported an error."""

    name: str
    aliases: tuple[str, ...]
    form: str
    doc: str
    resolve: Callable[[ProbeRequest], ResolvedProbe | None]
    #: -p PID and -c keep only events of that process
    pid_filtered: bool = False
