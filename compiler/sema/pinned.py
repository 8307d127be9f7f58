"""Pinned iterators print lines that the kernel formats (bpf_seq_printf): whoever reads the file
need not know aotrace. So they can do nothing else that takes a loader, and printf takes less.
"""

from __future__ import annotations

from collections.abc import Sequence

from aotrace.compiler.diagnostics import Diagnostics
from aotrace.compiler.probes.record import Output
from aotrace.compiler.sema.plan import Plan, PlannedEvent
from aotrace.compiler.syntax.nodes import Node
from aotrace.compiler.types import Bool, EnumType, Int, Pointer, Str, Type
from aotrace.runtime import printf

_MOST = 12  # arguments: kernel, MAX_BPRINTF_VARARGS
_FLAGS = "-+ 0"
_SIGNED, _UNSIGNED = "di", "uxX"
_POINTER = 8


def check_pinned(plan: Plan, diagnostics: Diagnostics) -> None:
    """Report what a pinned iterator cannot do."""
    for planned in plan.programs:
        if planned.unit.probe.output is not Output.TEXT:
            continue
        for node in planned.unit.live():
            for event in planned.events.get(node) or ():
                _check(node, event, diagnostics)


def _check(node: Node, event: PlannedEvent, diagnostics: Diagnostics) -> None:
    if event.spec.aside:
        return
    if event.spec.action != "printf":
        text = "a pinned iterator can only print by printf(): nobody is there to do anything else"
        diagnostics.error(text, node.span, "leave the pin out")
        return
    if len(event.types) > _MOST:
        text = f"the kernel prints {_MOST} values at once at most ({len(event.types)} given)"
        diagnostics.error(text, node.span, "use more calls")
    conversions = printf.conversions(printf.parse(event.spec.details["format"]))
    for arg, kind, conversion in zip(event.spec.args, event.types, conversions, strict=True):
        if _converted(conversion, kind) is None:
            shown = printf.render(conversion)
            text = f"the kernel cannot print '{kind}' by `{shown}`, as a pinned iterator needs it"
            hint = "it has %d, %u, %x, %X with a width, and %s for strings"
            diagnostics.error(text, arg.span, hint)


def kernel_format(form: str, types: Sequence[Type]) -> tuple[str, list[int]]:
    """A checked format in the kernel's terms, and of each value: bytes of it that count, less than
    0 where it is signed."""
    text, widths, kinds = "", [], iter(types)
    for piece in printf.parse(form):
        if isinstance(piece, str):
            text += piece.replace("%", "%%")
            continue
        converted = _converted(piece, next(kinds))
        assert converted is not None  # checked
        text += converted[0]
        widths.append(converted[1])
    return text, widths


def _converted(conversion: printf.Conversion, kind: Type) -> tuple[str, int] | None:
    """One conversion as the kernel has it; None where it has none for such a value."""
    if conversion.precision is not None or conversion.flags.strip(_FLAGS):
        return None
    head = f"%{conversion.flags}{conversion.width or ''}"
    spec = conversion.specifier
    if spec == "s":
        return (f"{head}s", _POINTER) if isinstance(kind, Str) else None
    if isinstance(kind, Pointer) and spec == "p":
        return f"0x{head}llx", _POINTER
    if not isinstance(kind, (Int, Bool, EnumType, Pointer)):
        return None
    if spec in _SIGNED:
        return f"{head}lld", -conversion.integer_size
    return (f"{head}ll{spec}", conversion.integer_size) if spec in _UNSIGNED else None
