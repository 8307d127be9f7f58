"""rawtracepoint: a tracepoint's own arguments, typed by the kernel's BTF.

Usually a program of the kind that needs nothing but the event's name. One that sends packets is of
the kind that the verifier types the arguments of, as the kernel's helper for that wants it.
"""

from __future__ import annotations

from dataclasses import replace

from aotrace.compiler.diagnostics import did_you_mean
from aotrace.compiler.kernel_types import type_of
from aotrace.compiler.probes.record import ContextWord, ProbeKind, ProbeRequest, ResolvedProbe, Side
from aotrace.compiler.types import NONE, UINT64, Pointer, Struct, Type
from aotrace.runtime.members import Pattern
from aotrace.runtime.points import KERNEL

# what takes arguments of which the verifier knows the types
_TYPED = frozenset(("skboutput", "socket_cookie"))
_WORD = 8  # bytes; struct bpf_raw_tracepoint_args is an array of u64

_OWN_NAMES = frozenset(("args", *(f"arg{i}" for i in range(10))))


def _resolve(request: ProbeRequest) -> ResolvedProbe | None:
    parts = request.point.parts
    if len(parts) not in (2, 3) or not all(parts):
        request.misformed(RAWTRACEPOINT)
        return None
    name = parts[-1]
    functions = request.sources.functions
    named = parts[1] if len(parts) > 2 else None
    found = functions.raw_tracepoint(name, named)
    if found is None:
        known = functions.raw_tracepoint_names()
        where = f" in module `{named}`" if named else ""
        request.lacking(f"no raw tracepoint `{name}`{where}", *did_you_mean(name, known))
        return None
    module, params, btf = found
    typed = not _TYPED.isdisjoint(request.names)
    types = [_argument_type(type_of(btf, type_id), typed) for _, type_id in params]
    arguments = {
        param: ContextWord(kind, i * _WORD)
        for i, ((param, _), kind) in enumerate(zip(params, types, strict=True))
    }
    words = tuple(ContextWord(_word_type(kind), i * _WORD) for i, kind in enumerate(types))
    section, mechanism = ("tp_btf", "typed_tracepoint") if typed else ("raw_tp", "raw_tracepoint")
    return ResolvedProbe(
        RAWTRACEPOINT, f"rawtracepoint:{module}:{name}", f"{section}/{name}", mechanism,
        {"name": name}, arguments=arguments, words=words,
        module=btf if module != KERNEL else None,
    )  # fmt: skip


def _complete(request: ProbeRequest) -> ResolvedProbe | None:
    if not request.has_no_fields():
        return None
    if not request.point.params and len(request.point.parts) not in (2, 3):
        request.misformed(RAWTRACEPOINT)
        return None
    text = ":".join(("rawtracepoint", *request.point.parts[1:]))
    return ResolvedProbe(RAWTRACEPOINT, text, "raw_tp", "raw_tracepoint", {})


def _expand(request: ProbeRequest) -> list[ResolvedProbe] | None:
    """The events of the kernel to build for: each has arguments of its own."""
    parts = request.point.parts
    if len(parts) not in (2, 3) or not all(parts):
        request.misformed(RAWTRACEPOINT)
        return None
    if not Pattern(parts[1] if len(parts) > 2 else "*").matches(KERNEL):
        return []
    names = Pattern(parts[-1]).among(request.sources.functions.raw_tracepoint_names())
    return request.each(_resolve, (("rawtracepoint", KERNEL, name) for name in names))


def _argument_type(kind: Type, typed: bool) -> Type:
    if typed and isinstance(kind, Pointer) and isinstance(kind.target, Struct):
        return replace(kind, trusted=True)
    return UINT64 if kind == NONE else kind


def _word_type(kind: Type) -> Type:
    """What `arg0` is: a number, but where the verifier knows what it points to."""
    return kind if isinstance(kind, Pointer) and kind.trusted else UINT64


RAWTRACEPOINT = ProbeKind(
    "rawtracepoint", ("rt",), "rawtracepoint:[MODULE:]EVENT",
    "A tracepoint with its raw arguments.",
    _resolve, pid_filtered=True, wildcards=True, complete=_complete, expand=_expand,
    own_names=_OWN_NAMES, side=Side.KERNEL,
)  # fmt: skip
