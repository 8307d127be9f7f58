"""fentry and fexit: entry and return of a kernel function by BPF trampoline, typed by BTF."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from aotrace.compiler.diagnostics import did_you_mean
from aotrace.compiler.kernel.btf import Btf
from aotrace.compiler.kernel.functions import FunctionInfo
from aotrace.compiler.kernel_types import type_of
from aotrace.compiler.probes.record import (
    Argument,
    ContextStruct,
    ContextWord,
    FunctionAddress,
    ProbeKind,
    ProbeRequest,
    ResolvedProbe,
    Side,
)
from aotrace.compiler.types import NONE, UINT64, Pointer, Struct, Type
from aotrace.runtime.members import Pattern
from aotrace.runtime.points import KERNEL

_WORD = 8  # bytes; the context of a trampoline is an array of u64, the result after the arguments

_BPF = "bpf"  # instead of a module: programs of BPF
_OWN_NAMES = frozenset(("args", "retval", *(f"arg{i}" for i in range(10))))


def _resolve(returns: bool, request: ProbeRequest) -> ResolvedProbe | None:
    kind = FEXIT if returns else FENTRY
    parts = request.point.parts
    if parts[1:2] == (_BPF,):
        found = _complete(returns, request)
        return replace(found, point=request.template(kind)) if found else None
    if len(parts) not in (2, 3) or not all(parts):
        request.misformed(kind)
        return None
    module = parts[1] if len(parts) > 2 else None
    function = request.sources.functions.find(parts[-1], module)
    if function is None:
        known = request.sources.functions.suggestions(parts[-1])
        where = f"module `{module}`" if module and module != KERNEL else "kernel"
        request.lacking(
            f"the {where} this is built for has no function `{parts[-1]}` in its BTF",
            *did_you_mean(parts[-1], known),
        )
        return None
    return _resolved(kind, request, function, returns)


def _resolved(
    kind: ProbeKind, request: ProbeRequest, function: FunctionInfo, returns: bool
) -> ResolvedProbe:
    btf, at = function.btf, 0
    arguments: dict[str, Argument] = {}
    for i, (name, type_id) in enumerate(function.params):
        arguments[name or f"arg{i}"], at = _argument(btf, type_id, at)
    words = tuple(ContextWord(UINT64, offset) for offset in range(0, at, _WORD))
    result = None
    if returns and function.ret:
        result = ContextWord(_trusted(type_of(btf, function.ret)), at)
    inside = function.module != KERNEL
    target = {"function": function.name, **({"module": function.module} if inside else {})}
    return ResolvedProbe(
        kind, f"{kind.name}:{function.module}:{function.name}", f"{kind.name}/{function.name}",
        "trace", target, arguments=arguments, words=words, result=result,
        function=FunctionAddress(), module=btf if inside else None,
    )  # fmt: skip


def _argument(btf: Btf, type_id: int, at: int) -> tuple[Argument, int]:
    """What lies at an offset of the context, and where the next argument does."""
    kind = _trusted(type_of(btf, type_id))
    words = -(-kind.extent // _WORD) if isinstance(kind, Struct) else 1
    found = ContextStruct(kind, at, words) if isinstance(kind, Struct) else ContextWord(kind, at)
    return found, at + words * _WORD


def _complete(returns: bool, request: ProbeRequest) -> ResolvedProbe | None:
    """The loader gives each function a copy of the program; it tells nothing of arguments."""
    kind = FEXIT if returns else FENTRY
    if not request.has_no_fields():
        return None
    parts = request.point.parts
    if parts[1:2] == (_BPF,) and not _is_program(request, parts):
        return None
    if parts[1:2] != (_BPF,) and (len(parts) not in (2, 3) or not all(parts)):
        request.misformed(kind)
        return None
    text = ":".join((kind.name, *request.point.parts[1:]))
    return ResolvedProbe(
        kind,
        text,
        kind.name,
        "trace",
        {"return": returns, **({"many": True} if parts[1:2] == (_BPF,) else {})},
        function=FunctionAddress(),
    )


def _is_program(request: ProbeRequest, parts: tuple[str, ...]) -> bool:
    """`bpf:[ID:]NAME`; what is wrong is reported."""
    if len(parts) not in (3, 4) or not parts[-1]:
        request.error("a BPF program is given by its name", f"use {parts[0]}:bpf:[ID:]NAME")
        return False
    if (
        len(parts) == 4
        and parts[2] != "*"
        and not parts[2].isdecimal()
        and not request.point.params
    ):
        request.error(f"`{parts[2]}` is no id of a BPF program", "it is a number, or `*`")
        return False
    return True


def _expand(returns: bool, request: ProbeRequest) -> list[ResolvedProbe] | None:
    """The functions of the kernel to build for: each has arguments and a result of its own."""
    kind = FEXIT if returns else FENTRY
    parts = request.point.parts
    if len(parts) not in (2, 3) or not all(parts):
        request.misformed(kind)
        return None
    modules, names = Pattern(parts[1] if len(parts) > 2 else "*"), Pattern(parts[-1])
    found = request.sources.functions.matching(modules.matches, names.matches)
    return [_resolved(kind, request, function, returns) for function in found]


def _trusted(kind: Type) -> Type:
    """The verifier follows pointers to structs that it knows itself."""
    if isinstance(kind, Pointer) and isinstance(kind.target, Struct):
        return replace(kind, trusted=True)
    return UINT64 if kind == NONE else kind


FENTRY = ProbeKind(
    "fentry", ("f", "kfunc"), "fentry:[MODULE:]FUNCTION", "Entry of a kernel function, typed.",
    partial(_resolve, False), pid_filtered=True, wildcards=True, complete=partial(_complete, False),
    expand=partial(_expand, False), own_names=_OWN_NAMES, side=Side.KERNEL,
)  # fmt: skip
FEXIT = ProbeKind(
    "fexit", ("fr", "kretfunc"), "fexit:[MODULE:]FUNCTION",
    "Return of a kernel function, with its arguments and result.",
    partial(_resolve, True), pid_filtered=True, wildcards=True, complete=partial(_complete, True),
    expand=partial(_expand, True), own_names=_OWN_NAMES,
)  # fmt: skip
