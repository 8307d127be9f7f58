"""uaddr: where a symbol of the probe's own file lies in the process."""

from __future__ import annotations

import re

from aotrace.compiler.binaries.dwarf import DwarfError
from aotrace.compiler.binaries.variables import size_of
from aotrace.compiler.builtins import attached
from aotrace.compiler.builtins.accepts import STRING
from aotrace.compiler.builtins.record import Function, LoadParameter, Parameter, Site
from aotrace.compiler.emitter import Emitter, Reg
from aotrace.compiler.types import UINT64, Int, Pointer, Space, Type
from aotrace.runtime import variables
from aotrace.runtime.members import is_wild

_SYMBOL = re.compile(r"[a-zA-Z0-9./_-]+")
_POINTER = 8
_WIDTHS = frozenset((1, 2, 4, _POINTER))


def _name(site: Site) -> str:
    given = site.constants[0]
    return given.decode("utf-8", "surrogateescape") if isinstance(given, bytes) else ""


def _binary(site: Site) -> str:
    """The file of the probe, where the script says which it is."""
    return str(site.context.probe.target.get("binary", ""))


def _size(site: Site) -> int:
    """Raises DwarfError."""
    return size_of(_binary(site), _name(site))


def _type(site: Site) -> Type:
    """What the check refuses must have a type nonetheless."""
    try:
        size = _size(site)
    except DwarfError:
        size = 0
    return Pointer(Int(size if size in _WIDTHS else _POINTER, False), Space.USER)


def _check(site: Site) -> None:
    probe, name, binary = site.context.probe, _name(site), _binary(site)
    if probe.place is None:
        hint = "it is for uprobe, uretprobe and usdt: the symbol is one of the probe's file"
        site.error(f"uaddr() can not be used in {probe.kind.name} probes", hint)
    elif not binary or is_wild(binary):
        site.error("uaddr() needs a probe whose file is known at build time", "name one file")
    elif not _SYMBOL.fullmatch(name):
        hint = "name the symbol alone: it is one of the probe's file"
        site.error(f"`{name}` cannot be the name of a symbol", hint, arg=0)
    else:
        _check_file(site)


def _check_file(site: Site) -> None:
    try:
        _size(site)
    except DwarfError as error:
        site.error(str(error), *((error.hint,) if error.hint else ()), arg=0)


def _setting(site: Site) -> LoadParameter:
    try:
        size = _size(site)
    except DwarfError:
        size = 0  # refused
    return LoadParameter(variables.setting(size, _name(site), _binary(site)), UINT64.kind)


def _address(e: Emitter, site: Site, _target: Reg | None) -> Reg:
    """A process has the file anywhere: as far from what the file states as the probe's place."""
    symbol = e.load(e.setting_at(_setting(site).name), 0, 8)
    return e.op("add", attached.load_bias(e, site.context), symbol)


UADDR = (
    Function(
        "uaddr", "The address of a symbol of the file that the probe is in.",
        (Parameter("name", STRING, constant=True),), _type, _address, _check, _setting,
    ),
)  # fmt: skip
