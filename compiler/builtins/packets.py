"""Packets of the network, written to files: skboutput. loader/packets.py reads what it sends."""

from __future__ import annotations

from typing import Any

from aotrace.compiler.builtins.accepts import INTEGER, STRING
from aotrace.compiler.builtins.record import Accepts, EventSpec, Function, Parameter, Site
from aotrace.compiler.emitter import Emitter, Reg
from aotrace.compiler.types import UINT32, UINT64, Pointer, Struct, Type

_PROBES = ("fentry", "fexit", "rawtracepoint")
_LOW = 0xFFFFFFFF


def _is_packet(kind: Type) -> bool:
    target = kind.target if isinstance(kind, Pointer) else None
    return isinstance(target, Struct) and target.name == "sk_buff"


def _check(site: Site) -> None:
    kind, path, offset = site.context.probe.kind.name, site.constants[0], site.constants[3]
    if kind not in _PROBES:
        text = f"skboutput() can not be used in {kind} probes"
        site.error(text, "the kernel has it in fentry, fexit and rawtracepoint probes")
    elif not getattr(site.types[1], "trusted", False):
        text = "skboutput() needs an argument of the function or event itself"
        site.error(text, "args.NAME, as `aotrace list -v` tells", arg=1)
    if path == b"":
        site.error("skboutput() needs the name of a file", arg=0)
    if isinstance(offset, int) and offset < 0:
        site.error(f"{offset} is no offset in a packet", arg=3)


def _events(site: Site) -> tuple[EventSpec, ...]:
    """What stands before a packet: when it was seen, and how many bytes of it follow."""
    path, offset = site.constants[0], site.constants[3]
    details: dict[str, Any] = {"offset": offset}
    details["file"] = path.decode("utf-8", "surrogateescape") if isinstance(path, bytes) else ""
    return (EventSpec("skboutput", details=details, made=(UINT64, UINT64)),)


def _emit(e: Emitter, site: Site, _target: Reg | None) -> Reg:
    length = e.value(site.args[2])
    packet = e.value(site.args[1])
    seen = e.helper("ktime_get_boot_ns")
    return e.op("and", e.packet(site.node, packet, length, seen, length), _LOW)


PACKETS = (
    Function(
        "skboutput", "Write a packet's bytes to a pcap file; 0 if that worked.",
        (
            Parameter("file", STRING, constant=True),
            Parameter("packet", Accepts("a pointer to a struct sk_buff", _is_packet)),
            Parameter("length", INTEGER), Parameter("offset", INTEGER, constant=True),
        ),
        lambda _: UINT32, _emit, _check, events=_events,
    ),
)  # fmt: skip
