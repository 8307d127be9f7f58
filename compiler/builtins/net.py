"""Network addresses and byte order. The layout of inet lives in runtime/values/net.py."""

from __future__ import annotations

import socket

from aotrace.compiler.builtins.accepts import (
    INET_SOURCE,
    INTEGER,
    MAC_SIZE,
    MAC_SOURCE,
    STRING,
)
from aotrace.compiler.builtins.record import Accepts, Function, Parameter, Site
from aotrace.compiler.emitter import Emitter, Reg
from aotrace.compiler.types import UINT8, UINT64, Array, Inet, Int, Mac, Pointer, Struct, Type
from aotrace.runtime.values.net import AF_INET, AF_INET6, InetKind

_KIND = InetKind()
_SIZES = {4: AF_INET, 16: AF_INET6}
_COOKIES = ("fentry", "fexit", "rawtracepoint")


def _address_type(site: Site) -> Type:
    return site.types[-1]


def _bytes_of(kind: Type) -> int | None:
    """How many address bytes a value brings; None for an integer."""
    if isinstance(kind, Pointer) and isinstance(kind.target, (Struct, Array)):
        kind = kind.target
    return None if isinstance(kind, (Int, Pointer)) else kind.extent


def _check_ntop(site: Site) -> None:
    size = _bytes_of(_address_type(site))
    if size not in (None, 4, 16):
        site.error(f"ntop() takes an address of 4 or 16 bytes, not {size}", arg=-1)
    elif size is not None and len(site.args) == 2:
        family = site.constants[0]
        if family in (AF_INET, AF_INET6) and family != _SIZES[size] and size == 4:
            site.warning("AF_INET6 contradicts an address of 4 bytes", arg=0)


def _ntop(e: Emitter, site: Site, target: Reg | None) -> Reg:
    target = e.slot(_KIND.size) if target is None else target
    kind, size = _address_type(site), _bytes_of(_address_type(site))
    family = e.value(site.args[0]) if len(site.args) == 2 else e.const(_SIZES[size or 4])
    e.store(target, 0, 8, family)
    e.zero(e.offset(target, _KIND.address_offset), _KIND.size - _KIND.address_offset)
    if size is None:
        e.store(target, _KIND.address_offset, 4, e.value(site.args[-1]))
    elif isinstance(kind, (Pointer, Struct)):
        e.read(e.offset(target, _KIND.address_offset), size, site.args[-1])
    else:
        e.into(site.args[-1], e.offset(target, _KIND.address_offset), kind)
    if size == 16 and len(site.args) == 2 and site.constants[0] != AF_INET6:
        _cut_to_ipv4(e, target, family)
    return target


def _cut_to_ipv4(e: Emitter, target: Reg, family: Reg) -> None:
    """Of 16 bytes IPv4 uses the first four; equal addresses must have equal bytes."""
    rest = _KIND.address_offset + 4
    with e.if_(e.op("eq", family, AF_INET)):
        e.store(target, rest, 4, e.const(0))
        e.store(target, rest + 4, 8, e.const(0))


def _packed(text: bytes) -> bytes | None:
    """The bytes of an address literal, any form that inet_pton takes."""
    for family in (socket.AF_INET, socket.AF_INET6):
        try:
            return socket.inet_pton(family, text.decode())
        except (OSError, ValueError):
            continue
    return None


def _literal(site: Site) -> bytes:
    text = site.constants[0]
    return (_packed(text) if isinstance(text, bytes) else None) or bytes(4)


def _check_pton(site: Site) -> None:
    text = site.constants[0]
    if isinstance(text, bytes) and _packed(text) is None:
        shown = text.decode("utf-8", "replace")
        site.error(f"`{shown}` is neither an IPv4 nor an IPv6 address", arg=0)


def _pton(e: Emitter, site: Site, target: Reg | None) -> Reg:
    packed = _literal(site)
    if target is None:
        return e.blob(packed)
    e.copy(target, e.blob(packed), len(packed))
    return target


def _macaddr(e: Emitter, site: Site, target: Reg | None) -> Reg:
    target = e.slot(8) if target is None else target
    kind = site.types[0]
    if kind.size == MAC_SIZE:
        e.into(site.args[0], target, kind)
        return target
    reader, address = e.source(site.args[0])
    e.zero(target, MAC_SIZE)
    e.helper(reader, target, MAC_SIZE, address)
    return target


def _bswap_type(site: Site) -> Type:
    kind = site.types[0]
    return Int(kind.width, False) if isinstance(kind, Int) else UINT64


def _bswap(e: Emitter, site: Site, _target: Reg | None) -> Reg:
    return e.bswap(e.value(site.args[0]), _bswap_type(site).size)


def _is_socket(kind: Type) -> bool:
    target = kind.target if isinstance(kind, Pointer) else None
    return isinstance(target, Struct) and target.name == "sock"


def _check_cookie(site: Site) -> None:
    kind = site.context.probe.kind.name
    if kind not in _COOKIES:
        text = f"socket_cookie() can not be used in {kind} probes"
        site.error(text, "the kernel has it in fentry, fexit and rawtracepoint probes")
    elif not getattr(site.types[0], "trusted", False):
        site.error("socket_cookie() needs an argument of the function or event itself", arg=0)


def _cookie(e: Emitter, site: Site, _target: Reg | None) -> Reg:
    return e.helper("get_socket_cookie", e.value(site.args[0]))


NET = (
    Function(
        "socket_cookie", "A number that the kernel gives a socket for as long as it lives.",
        (Parameter("socket", Accepts("a pointer to a struct sock", _is_socket)),),
        lambda _: UINT64, _cookie, _check_cookie,
    ),
    Function(
        "ntop", "An IPv4 or IPv6 address as text: ntop([family,] address).",
        (Parameter("family", INTEGER, optional=True), Parameter("address", INET_SOURCE)),
        lambda _: Inet(), _ntop, _check_ntop,
    ),
    Function(
        "pton", "The bytes of an address literal: uint8[4] or uint8[16].",
        (Parameter("address", STRING, constant=True),),
        lambda site: Array(UINT8, len(_literal(site))), _pton, _check_pton,
    ),
    Function(
        "macaddr", "Six bytes as a MAC address.",
        (Parameter("address", MAC_SOURCE),), lambda _: Mac(), _macaddr,
    ),
    Function(
        "bswap", "The integer with its bytes in reverse order.",
        (Parameter("value", INTEGER),), _bswap_type, _bswap,
    ),
)  # fmt: skip
