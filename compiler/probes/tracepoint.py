"""tracepoint: a static event of the kernel, its record's fields by name.

Every field is relocated in the event's context struct, so one object fits kernels that lay
their records out differently.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from aotrace.compiler.diagnostics import did_you_mean
from aotrace.compiler.kernel.btf import Btf
from aotrace.compiler.kernel.tracepoint_fields import TracepointField
from aotrace.compiler.kernel.tracepoints import Tracepoint
from aotrace.compiler.kernel_types import type_of
from aotrace.compiler.probes.record import (
    ContextField,
    ProbeKind,
    ProbeRequest,
    ResolvedProbe,
    Side,
)
from aotrace.compiler.types import INT64, NONE, Int, Pointer, Space, Type
from aotrace.runtime.contexts import PREFIX
from aotrace.runtime.members import Pattern

_PLAIN, _LOCATED = "plain", "data_loc"


def _resolve(request: ProbeRequest) -> ResolvedProbe | None:
    parts = request.point.parts
    if len(parts) != 3 or not all(parts):
        request.misformed(TRACEPOINT)
        return None
    _, category, name = parts
    known = request.sources.tracepoints
    found = known.find(category, name, frozenset(request.fields))
    if found is None:
        hints = did_you_mean(name, known.suggestions(category, name))
        text = f"the kernel this is built for has no tracepoint `{category}:{name}`"
        request.lacking(text, *hints)
        return None
    _check_relocatable(request, found)
    arguments = {
        field.name: _argument(found, field) for field in found.fields if _relocatable(field)
    }
    return ResolvedProbe(
        TRACEPOINT, f"tracepoint:{category}:{name}", f"tracepoint/{category}/{name}",
        "tracepoint", _target(found), arguments=arguments,
    )  # fmt: skip


def _flavour(event: Tracepoint) -> str:
    """System calls share two structs on every kernel; any other event may change its own."""
    return event.name if (event.context_struct or "").startswith(PREFIX) else ""


def _target(event: Tracepoint) -> dict[str, Any]:
    target = {"category": event.category, "name": event.name}
    return {**target, "struct": event.context_struct} if _flavour(event) else target


def _relocatable(field: TracepointField) -> bool:
    return bool(field.path) and field.kind in (_PLAIN, _LOCATED)


def _check_relocatable(request: ProbeRequest, found: Tracepoint) -> None:
    for name, span in request.fields.items():
        field = found.field(name)
        if field and not _relocatable(field):
            request.diagnostics.error(
                f"the field `{name}` cannot be relocated: BTF does not say where it lies",
                span, "its place would be this kernel's only",
            )  # fmt: skip


def _argument(event: Tracepoint, field: TracepointField) -> ContextField:
    assert event.struct_id is not None  # a field with a path has a struct
    btf = event.btf
    located = field.kind == _LOCATED
    kind = _located_type(btf, field) if located else _plain_type(btf, field)
    return ContextField(
        kind,
        btf,
        event.struct_id,
        field.path,
        field.size,
        field.signed,
        event=_flavour(event),
        located=located,
    )


def _located_type(btf: Btf, field: TracepointField) -> Type:
    element = type_of(btf, field.type_id) if field.type_id else Int(1, True)
    return Pointer(Int(1, True) if element == NONE else element)


def _plain_type(btf: Btf, field: TracepointField) -> Type:
    kind = type_of(btf, field.type_id) if field.type_id else INT64
    if isinstance(kind, Pointer):
        return replace(kind, space=Space.USER) if field.user else kind
    if type(kind) is Int and not field.is_array:
        return Int(field.size, kind.signed)
    return Pointer(NONE, Space.USER) if field.user else kind


def _complete(request: ProbeRequest) -> ResolvedProbe | None:
    if not request.has_no_fields():
        return None
    if not request.point.params and len(request.point.parts) not in (2, 3):
        request.misformed(TRACEPOINT)
        return None
    text = ":".join(("tracepoint", *request.point.parts[1:]))
    return ResolvedProbe(TRACEPOINT, text, "tracepoint", "tracepoint", {})


def _expand(request: ProbeRequest) -> list[ResolvedProbe] | None:
    """The events of the kernel to build for: each has fields of its own."""
    parts = request.point.parts
    if len(parts) not in (2, 3) or not all(parts):
        request.misformed(TRACEPOINT)
        return None
    known = request.sources.tracepoints
    category, event = Pattern(parts[1] if len(parts) > 2 else "*"), Pattern(parts[-1])
    found = (
        ("tracepoint", name, match)
        for name in category.among(known.categories())
        for match in event.among(known.events(name))
    )
    return request.each(_resolve, found)


def _unlisted(request: ProbeRequest) -> str:
    """BTF knows events, and not their categories."""
    if len(request.sources.tracepoints.categories()) > 1:
        return ""
    return "categories are known by the kernel's formats alone: --tracepoints DIR"


TRACEPOINT = ProbeKind(
    "tracepoint", ("t",), "tracepoint:CATEGORY:EVENT", "A static event of the kernel.",
    _resolve, pid_filtered=True, wildcards=True, complete=_complete, expand=_expand,
    own_names=frozenset(("args",)), unlisted=_unlisted, side=Side.KERNEL,
)  # fmt: skip
