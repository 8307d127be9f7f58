"""What interferes with what is traced: signals, results, memory. All of it needs --unsafe."""

from __future__ import annotations

import signal
from functools import partial

from aotrace.compiler.builtins.accepts import ADDRESS, INTEGER
from aotrace.compiler.builtins.messages import place_of
from aotrace.compiler.builtins.record import Accepts, EventSpec, Function, Parameter, Site
from aotrace.compiler.emitter import Emitter, Reg
from aotrace.compiler.types import INT64, NONE, UINT32, Array, Bool, Buffer, Int, Str

_LAST = 64  # the greatest signal there is
_TRACING = (
    "kprobe", "kretprobe", "uprobe", "uretprobe", "usdt", "tracepoint", "profile", "fentry",
    "fexit", "rawtracepoint",
)  # fmt: skip
_SIGNAL = Accepts("a signal's name or number", lambda kind: isinstance(kind, (Str, Int)))
_OWN = Accepts("a string, an array or bytes", lambda kind: isinstance(kind, (Str, Array, Buffer)))


# --- signals ---------------------------------------------------------------------------------


def _number(site: Site) -> int | None:
    """The signal, where it is known at build; -1 for a name that is none."""
    given = site.constants[0]
    if not isinstance(given, bytes):
        return given
    name = given.decode("utf-8", "replace").removeprefix("SIG")
    numbers = {member.name.removeprefix("SIG"): int(member) for member in signal.Signals}
    return numbers.get(name, -1)


def _check_signal(site: Site) -> None:
    name, kind, number = site.node.name, site.context.probe.kind.name, _number(site)
    if kind not in _TRACING:
        site.error(f"{name}() can not be used in {kind} probes")
    elif isinstance(site.types[0], Str) and number is None:
        site.error(f"{name}() needs a name that is known at build time", "write a literal", arg=0)
    elif isinstance(site.constants[0], bytes) and number == -1:
        shown = site.constants[0].decode("utf-8", "replace")
        site.error(f"`{shown}` is the name of no signal", "SIGKILL is one", arg=0)
    elif number is not None and not 1 <= number <= _LAST:
        site.error(f"{name}() takes a signal from 1 to {_LAST}, not {number}", arg=0)


def _signal_events(site: Site) -> tuple[EventSpec, ...]:
    place = place_of(site.node.span)
    wrong = f"{site.node.name}() expects an integer between 1 and 64 (inclusive). Got %d"
    failed = "signal call failed with error %d"
    return (
        EventSpec("errorf", (), {"format": wrong, **place}, made=(UINT32,)),
        EventSpec("warnf", (), {"format": failed, **place}, made=(INT64,)),
    )


def _send(helper: str, e: Emitter, site: Site, _target: Reg | None) -> Reg:
    number = _number(site)
    if number is not None:
        _send_known(helper, e, site, e.const(number))
        return e.const(0)
    asked = e.op("and", e.value(site.args[0]), 0xFFFFFFFF)
    fits = e.op("ult", e.op("sub", asked, 1), _LAST)
    with e.if_else(fits) as (right, wrong):
        with right:
            _send_known(helper, e, site, asked)
        with wrong:
            e.send(site.node, 0, asked)
    return e.const(0)


def _send_known(helper: str, e: Emitter, site: Site, number: Reg) -> None:
    failed = e.helper(helper, number)
    with e.if_(failed):
        e.send(site.node, 1, failed)


def _sender(name: str, doc: str, helper: str) -> Function:
    return Function(
        name, doc, (Parameter("signal", _SIGNAL),), lambda _: NONE, partial(_send, helper),
        _check_signal, unsafe=True, events=_signal_events,
    )  # fmt: skip


# --- override, write_user --------------------------------------------------------------------


def _check_override(site: Site) -> None:
    kind = site.context.probe.kind.name
    if kind != "kprobe":
        site.error(f"override() can not be used in {kind} probes", "the kernel has it for kprobes")


def _override(e: Emitter, site: Site, _target: Reg | None) -> Reg:
    e.helper("override_return", e.program_context(), e.value(site.args[0]))
    return e.const(0)


def _check_write(site: Site) -> None:
    size, asked = site.types[1].size, site.constants[2]
    if isinstance(asked, int) and not 0 < asked <= size:
        site.error(f"write_user() cannot write {asked} bytes of {size}", arg=2)


def _write(e: Emitter, site: Site, _target: Reg | None) -> Reg:
    source, asked = e.memory(site.args[1]), site.constants[2]
    known = isinstance(asked, int)
    length = asked if known else e.bounded(e.value(site.args[2]), site.types[1].size)
    return e.op("eq", e.helper("probe_write_user", e.value(site.args[0]), source, length), 0)


CONTROL = (
    _sender("signal", "Send a signal to the process that is traced.", "send_signal"),
    _sender(
        "signal_thread", "Send a signal to the thread that is traced.", "send_signal_thread"
    ),
    Function(
        "override", "Let the function return at once, with this value, instead of running.",
        (Parameter("result", INTEGER),), lambda _: NONE, _override, _check_override, unsafe=True,
    ),
    Function(
        "write_user", "Write bytes to memory of the process that is traced; true if it worked.",
        (Parameter("target", ADDRESS), Parameter("source", _OWN), Parameter("length", INTEGER)),
        lambda _: Bool(), _write, _check_write, unsafe=True, acts=True,
    ),
)  # fmt: skip
