"""debugf: a line to the kernel's trace pipe, formatted by the kernel."""

from __future__ import annotations

import re

from aotrace.compiler.builtins.accepts import STRING
from aotrace.compiler.builtins.record import Accepts, Function, Parameter, Site
from aotrace.compiler.emitter import Emitter, Reg
from aotrace.compiler.types import NONE, Int, Pointer, Str
from aotrace.runtime import printf

_MOST = 3  # arguments of bpf_trace_printk
_KNOWN = re.compile(r"(hh|h|l|ll)?[duixXcps]|%")
_VALUE = Accepts("an integer, a pointer or a string", lambda k: isinstance(k, (Int, Pointer, Str)))


def _format(site: Site) -> str:
    form = site.constants[0]
    return form.decode("utf-8", "surrogateescape") if isinstance(form, bytes) else ""


def _check(site: Site) -> None:
    site.warning(
        "debugf() is not meant for production: its lines go to the kernel's trace_pipe, which all "
        "of the machine shares"
    )
    conversions = printf.conversions(printf.parse(_format(site)))
    if len(site.args) - 1 > _MOST:
        site.error(f"cannot use more than {_MOST} conversion specifiers")
    elif len(conversions) != len(site.args) - 1:
        kinds = [kind.kind for kind in site.types[1:]]
        site.error(f"{site.node.name}: {printf.check(conversions, kinds)}")
    for number, conversion in enumerate(conversions[: len(site.args) - 1], 1):
        _check_conversion(site, number, conversion)


def _check_conversion(site: Site, number: int, conversion: printf.Conversion) -> None:
    text = printf.render(conversion)[1:]
    is_text = conversion.specifier == "s"
    if not _KNOWN.fullmatch(text):
        site.error(f"Invalid format specifier for `debugf`: {text}", arg=0)
    elif is_text != isinstance(site.types[number], Str):
        shown = site.types[number].kind.type_name()
        site.error(f"debugf: unsupported format specifier for type '{shown}': {text}", arg=number)


def _debugf(e: Emitter, site: Site, _target: Reg | None) -> Reg:
    form = _format(site)
    for short, wide in (("d", "lld"), ("i", "lld"), ("u", "llu"), ("x", "llx"), ("X", "llX")):
        form = re.sub(rf"%(?:hh|h|ll|l)?{short}", f"%{wide}", form)
    data = form.encode("utf-8", "surrogateescape") + b"\0"
    values = []
    for arg, kind in zip(site.args[1:], site.types[1:], strict=False):
        values.append(e.memory(arg) if isinstance(kind, Str) else e.value(arg))
    e.helper("trace_printk", e.blob(data), len(data), *values)
    return e.const(0)


TRACE_PIPE = (
    Function(
        "debugf", "A line to the kernel's trace_pipe, by a format of the kernel's.",
        (Parameter("format", STRING, constant=True), Parameter("args", _VALUE, many=True)),
        lambda _: NONE, _debugf, _check,
    ),
)  # fmt: skip
