"""iter: a walk over objects of the kernel (tasks, files, maps, sockets …) when tracing starts.

`ctx` is the iterator's context, struct bpf_iter__NAME: which iterators there are, and what each
hands over, is what the kernel's BTF has of these structs.
"""

from __future__ import annotations

from aotrace.compiler.diagnostics import did_you_mean
from aotrace.compiler.kernel.btf import Btf
from aotrace.compiler.kernel.btf_kinds import BtfKind
from aotrace.compiler.kernel_types import field_names, field_of, find_struct
from aotrace.compiler.probes.record import (
    ContextField,
    Output,
    ProbeKind,
    ProbeRequest,
    ResolvedProbe,
    Side,
)
from aotrace.compiler.types import Pointer, Struct

_PREFIX = "bpf_iter__"
_FLAVOUR = "__safe_trusted"  # what the verifier knows of a struct's pointers, no iterator
_META = "meta"  # every context's first field: the sequence file, and how far the walk is
_POINTER = 8


def _resolve(request: ProbeRequest) -> ResolvedProbe | None:
    parts = request.point.parts
    if len(parts) not in (2, 3) or not all(parts):
        request.misformed(ITER)
        return None
    name, pin = parts[1], parts[2] if len(parts) > 2 else None
    context = _context(request, name)
    if context is None:
        known = sorted({name for btf in request.sources.everywhere() for name in _names(btf)})
        hints = did_you_mean(name, known) or (f"there are: {', '.join(known)}",)
        request.error(f"the kernel this is built for has no iterator `{name}`", *hints)
        return None
    element = _element(context)
    return ResolvedProbe(
        ITER, f"iter:{name}", f"iter/{name}", "iter", {"name": name, "pin": pin},
        context=Pointer(context, trusted=True), element=element,
        process=element if _is_task(element) else None,
        output=Output.TEXT if pin else Output.SEQUENCE,
    )  # fmt: skip


def _context(request: ProbeRequest, name: str) -> Struct | None:
    for btf in request.sources.everywhere():
        found = find_struct(btf, "struct", _PREFIX + name)
        if found:
            return found
    return None


def _names(btf: Btf) -> list[str]:
    (found,) = btf.find_prefixes((BtfKind.STRUCT, _PREFIX))
    return [name[len(_PREFIX) :] for _, name in found if not name.endswith(_FLAVOUR)]


def _element(context: Struct) -> ContextField | None:
    """What the walk is at: the first pointer. It is null once more when the walk has ended."""
    for name in field_names(context):
        field = field_of(context, name)
        if name != _META and field and isinstance(field.type, Pointer):
            return ContextField(
                field.type, context.btf, context.type_id, (name,), _POINTER, False, event=""
            )
    return None


def _is_task(element: ContextField | None) -> bool:
    kind = element.type if element else None
    return (
        isinstance(kind, Pointer)
        and isinstance(kind.target, Struct)
        and kind.target.name == "task_struct"
    )


ITER = ProbeKind(
    "iter", ("it",), "iter:NAME[:PIN]", "A walk over objects of the kernel, by their iterator.",
    _resolve, side=Side.KERNEL,
)  # fmt: skip
