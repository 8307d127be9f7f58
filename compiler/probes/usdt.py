"""usdt: static probes that programs and libraries of user space have (sys/sdt.h).

Which sites a probe has, and where each keeps its arguments, is looked up on the target.
"""

from __future__ import annotations

from typing import Any

from aotrace.compiler.probes.context import register_context
from aotrace.compiler.probes.record import (
    ContextWord,
    FunctionAddress,
    ProbeKind,
    ProbeRequest,
    ResolvedProbe,
    Side,
    SiteWord,
)
from aotrace.compiler.types import INT64, Int, Space
from aotrace.runtime.members import MOST_ARGUMENTS
from aotrace.runtime.uprobes import usdt_of

_WORD = Int(8, False, space=Space.USER)


def _resolve(request: ProbeRequest) -> ResolvedProbe | None:
    try:
        return _resolved(request, usdt_of(request.point.parts))
    except KeyError:
        request.misformed(USDT)
        return None


def _complete(request: ProbeRequest) -> ResolvedProbe | None:
    if request.point.params:
        return _resolved(request, {})
    return _resolve(request)


def _resolved(request: ProbeRequest, target: dict[str, Any]) -> ResolvedProbe:
    words = tuple(SiteWord(INT64, index) for index in range(MOST_ARGUMENTS))
    text = ":".join(("usdt", *request.point.parts[1:]))
    point = request.template(USDT)
    used = [index for index in range(MOST_ARGUMENTS) if f"arg{index}" in request.names]
    target = {**target, "words": used}
    place = FunctionAddress(ContextWord(_WORD, request.arch.instruction), user=True)
    return ResolvedProbe(
        USDT, text, "uprobe", "usdt", target, words=words, point=point, place=place,
        context=register_context(request),
    )  # fmt: skip


USDT = ProbeKind(
    "usdt", ("U",), "usdt:BINARY:[PROVIDER:]NAME", "A static probe of a program or library.",
    _resolve, pid_filtered=True, registers=True, space=Space.USER, wildcards=True,
    complete=_complete, side=Side.USER,
)  # fmt: skip
