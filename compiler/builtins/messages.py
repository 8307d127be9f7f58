"""What is told to people, done in files or in a shell: formats with an action of their own."""

from __future__ import annotations

from functools import partial

from aotrace.compiler.builtins.accepts import PRINTABLE, STRING
from aotrace.compiler.builtins.output import check_format, formatted, shown_as_text
from aotrace.compiler.builtins.record import EventFunction, EventSpec, Function, Parameter, Site
from aotrace.compiler.emitter import Emitter, Reg
from aotrace.compiler.source import Span
from aotrace.compiler.types import NONE

_FORMAT = Parameter("format", STRING, constant=True)
_ARGS = Parameter("args", PRINTABLE, many=True)


def place_of(span: Span) -> dict[str, object]:
    """Where in the script something is said: the file, where it begins, and all of it as text; and
    the uses of macros that brought it there, with their lines."""
    file, line, column, last, end = span.location
    place = f"{line}:{column}-{end}" if line == last else f"{line}-{last}"
    found: dict[str, object] = {"file": file, "line": line, "column": column, "place": place}
    return {**found, **_uses(span)} if span.via else found


def _uses(span: Span) -> dict[str, object]:
    lines: dict[str, dict[str, str]] = {}
    for use in span.uses:
        lines.setdefault(use.source.told, {}).update(use.lines)
    return {"uses": [use.location for use in span.uses], "lines": lines}


def message(action: str, site: Site, text: str, aside: bool = False) -> EventSpec:
    """A fixed text, said of the place of a call."""
    details = {"format": text.replace("%", "%%"), **place_of(site.node.span)}
    return EventSpec(action, (), details, aside=aside)


def _said(action: str, site: Site) -> EventSpec:
    return formatted(action, site, **place_of(site.node.span))


def _formatted(name: str, doc: str, unsafe: bool = False) -> EventFunction:
    said = partial(_said if name in ("warnf", "errorf") else formatted, name)
    return EventFunction(
        name, doc, (_FORMAT, _ARGS), said, check_format, texts=shown_as_text, unsafe=unsafe
    )


def _assert_events(site: Site) -> tuple[EventSpec, ...]:
    """The message, which may be a constant or a value, and the end of the trace."""
    details = {"format": "assert failed: %s", **place_of(site.node.span)}
    text = site.constants[1]
    if isinstance(text, bytes):
        shown = text.decode("utf-8", "surrogateescape").replace("%", "%%")
        details["format"] = f"assert failed: {shown}"
    args = () if isinstance(text, bytes) else site.args[1:]
    return EventSpec("errorf", args, details), EventSpec("exit", (), {"status": 1}, wakeup=True)


def _assert(e: Emitter, site: Site, _target: Reg | None) -> Reg:
    with e.if_(e.op("eq", e.value(site.args[0]), 0)):
        e.send(site.node, 0)
        e.send(site.node, 1)
        e.leave()
    return e.const(0)


def _check_assert(site: Site) -> None:
    if not site.types[0].scalar:
        site.error(f"assert() takes a condition, not '{site.types[0]}'", arg=0)


def _fail(site: Site) -> None:
    """Formatted at build, of literals."""
    if any(constant is None for constant in site.constants):
        site.error("fail() arguments need to be literals")
        return
    event = formatted("errorf", site)
    site.error(event.details["format"].replace("%%", "%"))


def _static_assert(site: Site) -> None:
    condition, message = site.constants
    if condition is not None and not condition:
        site.error(message.decode("utf-8", "replace") if isinstance(message, bytes) else "")


def _nothing(e: Emitter, _site: Site, _target: Reg | None) -> Reg:
    return e.const(0)


MESSAGES = (
    Function(
        "fail", "Refuse to build, with a message by a format, where the call is not ruled out.",
        (_FORMAT, _ARGS), lambda _: NONE, _nothing, _fail,
    ),
    Function(
        "static_assert", "Refuse to build unless a condition holds, with this message.",
        (
            Parameter("condition", PRINTABLE, comptime=True),
            Parameter("message", STRING, constant=True),
        ),
        lambda _: NONE, _nothing, _static_assert,
    ),
    _formatted("warnf", "Warn by a format, with the place of the call; not with --no-warnings."),
    _formatted("errorf", "Report an error by a format, with the place of the call."),
    _formatted("cat", "Show the file whose name a format gives, up to max_cat_bytes of it."),
    _formatted("system", "Run the command that a format gives in a shell; show its output.", True),
    Function(
        "assert", "End the trace with an error and status 1 unless a condition holds.",
        (Parameter("condition", PRINTABLE), Parameter("message", PRINTABLE)),
        lambda _: NONE, _assert, _check_assert, events=_assert_events,
    ),
)  # fmt: skip
