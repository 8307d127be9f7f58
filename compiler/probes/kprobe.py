"""kprobe and kretprobe: entry and return of a kernel function, arguments from registers."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

from aotrace.compiler.diagnostics import did_you_mean
from aotrace.compiler.kernel.btf import Btf
from aotrace.compiler.probes.context import register_context
from aotrace.compiler.probes.record import (
    ContextWord,
    FunctionAddress,
    ProbeKind,
    ProbeRequest,
    ResolvedProbe,
    Side,
)
from aotrace.compiler.types import UINT64
from aotrace.runtime.points import KERNEL, NEEDS_UNSAFE, kernel_place, kernel_text


def _resolve(returns: bool, request: ProbeRequest) -> ResolvedProbe | None:
    kind = KRETPROBE if returns else KPROBE
    try:
        place = kernel_place(request.point.parts)
    except ValueError as error:
        request.error(str(error), f"use {kind.form}")
        return None
    if not place:
        request.misformed(kind)
        return None
    if returns and place["function"] and place["offset"]:
        request.error("a kretprobe has no offset", "a return is not at one place in a function")
        return None
    if not place["function"] and not request.unsafe:
        request.error(NEEDS_UNSAFE, "the kernel does not check that an instruction begins there")
        return None
    module = None
    if place.get("module"):
        module = request.sources.modules.get(place["module"])
    elif place["function"]:
        module = _known(request, place["function"])
    text = kernel_text((kind.name, *request.point.parts[1:]), place)
    target = {**place, "return": returns}
    resolved = _resolved(returns, request, _section(kind, place), target)
    return replace(resolved, text=text, module=module)


def _section(kind: ProbeKind, place: dict[str, Any]) -> str:
    """libbpf reads FUNCTION+OFFSET of it; our loader goes by the target."""
    if not place["function"]:
        return kind.name
    return f"{kind.name}/{place['function']}" + (f"+{place['offset']}" if place["offset"] else "")


def _complete(returns: bool, request: ProbeRequest) -> ResolvedProbe | None:
    kind = KRETPROBE if returns else KPROBE
    if not request.point.params and len(request.point.parts) not in (2, 3):
        request.misformed(kind)
        return None
    target = {"return": returns, **({"unsafe": True} if request.unsafe else {})}
    return _resolved(returns, request, kind.name, target)


def _resolved(
    returns: bool, request: ProbeRequest, section: str, target: dict[str, Any]
) -> ResolvedProbe:
    kind, arch = (KRETPROBE if returns else KPROBE), request.arch
    target = {**target, **_sharing(request.names)}
    text = ":".join((kind.name, *request.point.parts[1:]))
    words = () if returns else tuple(ContextWord(UINT64, o) for o in arch.arguments)
    result = ContextWord(UINT64, arch.result) if returns else None
    # behind a return the instruction is the caller's
    place = FunctionAddress(None if returns else ContextWord(UINT64, arch.instruction))
    return ResolvedProbe(
        kind, text, section, "kprobe", target, words=words, result=result, function=place,
        context=register_context(request),
    )  # fmt: skip


def _sharing(names: frozenset[str]) -> dict[str, bool]:
    """Whether one program may be at many functions, and one of a pair at both ends of them.

    There kernels since 6.14 have no registers but those of arguments and results. What `probe` is
    differs at the ends, and bpftrace makes no session of it.
    """
    if names & {"reg", "ctx"}:
        return {"registers": True}
    return {} if "probe" in names else {"session": True}


def _known(request: ProbeRequest, function: str) -> Btf | None:
    """The types of the module that has a function, if one has it.

    A function that no BTF has may be there all the same (some static ones): a warning.
    """
    functions = request.sources.functions
    found = functions.find(function)
    if found is None:
        hints = did_you_mean(function, functions.suggestions(function))
        request.diagnostics.warning(
            f"the kernel this is built for has no BTF of a function `{function}`",
            request.point.span,
            *hints,
        )
    return found.btf if found and found.module != KERNEL else None


KPROBE = ProbeKind(
    "kprobe", ("k",), "kprobe:[MODULE:]FUNCTION[+OFFSET]", "Entry of a kernel function.",
    partial(_resolve, False), pid_filtered=True, registers=True, wildcards=True,
    complete=partial(_complete, False), side=Side.KERNEL,
)  # fmt: skip
KRETPROBE = ProbeKind(
    "kretprobe", ("kr",), "kretprobe:[MODULE:]FUNCTION", "Return of a kernel function.",
    partial(_resolve, True), pid_filtered=True, registers=True, wildcards=True,
    complete=partial(_complete, True),
)  # fmt: skip
