"""fentry and fexit: entry and return of a kernel function by BPF trampoline, typed by BTF."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from aotrace.compiler.diagnostics import did_you_mean
from aotrace.compiler.kernel.functions import FunctionInfo
from aotrace.compiler.kernel_types import type_of
from aotrace.compiler.probes.record import ContextWord, ProbeKind, ProbeRequest, ResolvedProbe
from aotrace.compiler.types import NONE, UINT64, Pointer, Struct, Type

_WORD = 8  # bytes; the context of a trampoline is an array of u64, the result after the arguments


def _resolve(returns: bool, request: ProbeRequest) -> ResolvedProbe | None:
    kind = FEXIT if returns else FENTRY
    parts = request.point.parts
    if len(parts) not in (2, 3) or not all(parts):
        request.misformed(kind)
        return None
    function = request.sources.functions.find(parts[-1])
    if function is None:
        known = request.sources.functions.suggestions(parts[-1])
        request.error(
            f"the kernel this is built for has no function `{parts[-1]}` in its BTF",
            *did_you_mean(parts[-1], known),
        )
        return None
    return _resolved(kind, request, function, returns)


def _resolved(
    kind: ProbeKind, request: ProbeRequest, function: FunctionInfo, returns: bool
) -> ResolvedProbe:
    btf = function.btf
    arguments = {
        name or f"arg{i}": ContextWord(_trusted(type_of(btf, type_id)), i * _WORD)
        for i, (name, type_id) in enumerate(function.params)
    }
    words = tuple(ContextWord(UINT64, i * _WORD) for i in range(len(function.params)))
    result = None
    if returns and function.ret:
        at = len(function.params) * _WORD
        result = ContextWord(_trusted(type_of(btf, function.ret)), at)
    return ResolvedProbe(
        kind, f"{kind.name}:{':'.join(request.point.parts[1:])}", f"{kind.name}/{function.name}",
        "trace", {"function": function.name}, arguments=arguments, words=words, result=result,
    )  # fmt: skip


def _trusted(kind: Type) -> Type:
    """The verifier follows pointers to structs that it knows itself."""
    if isinstance(kind, Pointer) and isinstance(kind.target, Struct):
        return replace(kind, trusted=True)
    return UINT64 if kind == NONE else kind


FENTRY = ProbeKind(
    "fentry", ("f", "kfunc"), "fentry:[MODULE:]FUNCTION", "Entry of a kernel function, typed.",
    partial(_resolve, False), pid_filtered=True,
)  # fmt: skip
FEXIT = ProbeKind(
    "fexit", ("fr", "kretfunc"), "fexit:[MODULE:]FUNCTION",
    "Return of a kernel function, with its arguments and result.",
    partial(_resolve, True), pid_filtered=True,
)  # fmt: skip
