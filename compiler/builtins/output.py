"""What is shown: printf, print, exit. The work is done by the loader's action of the same name."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from aotrace.compiler.builtins.accepts import INTEGER, PRINTABLE, STRING, VALUE_OR_MAP
from aotrace.compiler.builtins.record import Constant, EventFunction, EventSpec, Parameter, Site
from aotrace.compiler.syntax.nodes import MapRef, Param
from aotrace.compiler.types import Aggregate
from aotrace.runtime import printf


def _format(site: Site) -> str:
    form = site.constants[0]
    return form.decode("utf-8", "surrogateescape") if isinstance(form, bytes) else ""


def check_format(site: Site) -> None:
    kinds = [kind.kind for kind in site.types[1:]]
    conversions = printf.conversions(printf.parse(_format(site)))
    if len(kinds) != len(conversions):
        site.error(f"{site.node.name}: {printf.check(conversions, kinds)}")
        return
    for index, (conversion, kind) in enumerate(zip(conversions, kinds, strict=True), 1):
        message = printf.check([conversion], [kind])
        if message:
            site.error(f"{site.node.name}: {message}", arg=index)


def formatted(action: str, site: Site, **details: object) -> EventSpec:
    """Arguments that are known at build become text of the format: they need not travel."""
    form, args = "", []
    values = zip(site.args[1:], site.types[1:], site.constants[1:], strict=True)
    for piece in printf.parse(_format(site)):
        if isinstance(piece, str):
            form += piece.replace("%", "%%")
            continue
        arg, kind, constant = next(values)
        if constant is None:
            form += printf.render(piece)
            args.append(arg)
        else:
            text = printf.convert(piece, kind.kind, _decoded(constant))
            form += text.decode("utf-8", "surrogateescape").replace("%", "%%")
    return EventSpec(action, tuple(args), {"format": form, **details})


def shown_as_text(constants: Sequence[Constant]) -> set[int]:
    """Arguments of a %s: a positional parameter is shown there as it was given."""
    form = constants[0] if constants else None
    if not isinstance(form, bytes):
        return set()
    text = form.decode("utf-8", "surrogateescape")
    found = printf.conversions(printf.parse(text))
    return {index for index, item in enumerate(found, 1) if item.specifier == "s"}


def _decoded(constant: Constant) -> object:
    """A constant as the loader would have decoded it."""
    if isinstance(constant, bytes):
        return constant.partition(b"\0")[0].decode("utf-8", "surrogateescape")
    return constant


def _limit(site: Site, index: int) -> int | dict[str, str] | None:
    """A number, or which parameter the loader takes it from (docs/format.md)."""
    arg = site.args[index] if len(site.args) > index else None
    if isinstance(arg, Param):
        return {"parameter": f"${arg.index}"}
    value = site.constants[index] if len(site.constants) > index else None
    return value if isinstance(value, int) else None


def _check_print(site: Site) -> None:
    shown = site.types[0]
    if len(site.args) > 1 and not isinstance(site.args[0], MapRef):
        site.error("print() of a value takes no top or div", "they are for maps", arg=1)
    elif len(site.args) > 1 and isinstance(shown, Aggregate) and shown.name == "stats":
        site.warning("print() shows all of a stats() map, undivided, whatever top and div", arg=1)


def _print(site: Site) -> EventSpec:
    target = site.args[0]
    if isinstance(target, MapRef):
        details = {"top": _limit(site, 1), "div": _limit(site, 2)}
        return EventSpec("print_map", (), details, map=target)
    return EventSpec("print", (target,))


def _unwatch(site: Site) -> EventSpec:
    return EventSpec("unwatch", site.args, wakeup=True)


def _exit(site: Site) -> EventSpec:
    return EventSpec("exit", site.args, wakeup=True)


OUTPUT = (
    EventFunction(
        "printf", "Print by a format, as C's printf.",
        (Parameter("format", STRING, constant=True), Parameter("args", PRINTABLE, many=True)),
        partial(formatted, "printf"), check_format, texts=shown_as_text,
    ),
    EventFunction(
        "print", "Print a value, or a map (only its `top` greatest, divided by `div`).",
        (
            Parameter("value", VALUE_OR_MAP),
            Parameter("top", INTEGER, constant=True, optional=True, loadable=True),
            Parameter("div", INTEGER, constant=True, optional=True, loadable=True),
        ),
        _print, _check_print, reads_map=True,
    ),
    EventFunction(
        "unwatch", "Detach the watchpoints at an address.",
        (Parameter("address", INTEGER),), _unwatch,
    ),
    EventFunction(
        "exit", "End tracing with an exit status.",
        (Parameter("code", INTEGER, optional=True),), _exit, leaves=True,
    ),
)  # fmt: skip
