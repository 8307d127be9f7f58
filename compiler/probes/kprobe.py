"""kprobe and kretprobe: entry and return of a kernel function, arguments from registers."""

from __future__ import annotations

from functools import partial

from aotrace.compiler.diagnostics import did_you_mean
from aotrace.compiler.probes.record import ContextWord, ProbeKind, ProbeRequest, ResolvedProbe
from aotrace.compiler.types import UINT64
from aotrace.runtime.points import function_of


def _resolve(returns: bool, request: ProbeRequest) -> ResolvedProbe | None:
    kind = KRETPROBE if returns else KPROBE
    parts = request.point.parts
    found = function_of(parts)
    if not found:
        request.misformed(kind)
        return None
    function, offset = found
    if returns and offset:
        request.error("a kretprobe has no offset", "a return is not at one place in a function")
        return None
    _check_known(request, function)
    arch = request.arch
    words = () if returns else tuple(ContextWord(UINT64, o) for o in arch.arguments)
    target = {"function": function, "offset": offset, "return": returns}
    section = f"{kind.name}/{function}" + (f"+{offset}" if offset else "")
    result = ContextWord(UINT64, arch.result) if returns else None
    text = f"{kind.name}:{parts[1]}"
    return ResolvedProbe(kind, text, section, "kprobe", target, words=words, result=result)


def _complete(returns: bool, request: ProbeRequest) -> ResolvedProbe:
    kind, arch = (KRETPROBE if returns else KPROBE), request.arch
    text = ":".join((kind.name, *request.point.parts[1:]))
    words = () if returns else tuple(ContextWord(UINT64, o) for o in arch.arguments)
    result = ContextWord(UINT64, arch.result) if returns else None
    target = {"return": returns}
    return ResolvedProbe(kind, text, kind.name, "kprobe", target, words=words, result=result)


def _check_known(request: ProbeRequest, function: str) -> None:
    """A function that no BTF has may be there all the same (some static ones): a warning."""
    functions = request.sources.functions
    if functions.find(function) is None:
        hints = did_you_mean(function, functions.suggestions(function))
        request.diagnostics.warning(
            f"the kernel this is built for has no BTF of a function `{function}`",
            request.point.span,
            *hints,
        )


KPROBE = ProbeKind(
    "kprobe", ("k",), "kprobe:FUNCTION[+OFFSET]", "Entry of a kernel function.",
    partial(_resolve, False), pid_filtered=True, complete=partial(_complete, False),
)  # fmt: skip
KRETPROBE = ProbeKind(
    "kretprobe", ("kr",), "kretprobe:FUNCTION", "Return of a kernel function.",
    partial(_resolve, True), pid_filtered=True, complete=partial(_complete, True),
)  # fmt: skip
