"""Named parameters of the script, which the loader sets from `--name=value`."""

from __future__ import annotations

from aotrace.compiler.builtins.accepts import STRING
from aotrace.compiler.builtins.record import (
    Accepts,
    Constant,
    Function,
    LoadParameter,
    Parameter,
    Site,
)
from aotrace.compiler.emitter import Emitter, Reg
from aotrace.compiler.types import INT64, UINT64, Bool, Int, Str, Type

_DEFAULT = Accepts(
    "a string, a number or a boolean", lambda kind: isinstance(kind, (Str, Int, Bool))
)


def _text(constant: Constant) -> str:
    return constant.decode("utf-8", "surrogateescape") if isinstance(constant, bytes) else ""


def _default(site: Site) -> Constant:
    return site.constants[1] if len(site.constants) > 1 else False


def _type(site: Site) -> Type:
    """Of the default: a string, a boolean, or a number with its sign."""
    default = _default(site)
    if isinstance(default, bool):
        return Bool()
    if isinstance(default, int):
        return INT64 if default < 0 else UINT64
    return Str(site.context.config.max_strlen)


def _parameter(site: Site) -> LoadParameter:
    default = _default(site)
    description = _text(site.constants[2]) if len(site.constants) > 2 else None
    return LoadParameter(
        _setting(site), _type(site).kind,
        _text(default) if isinstance(default, bytes) else default, description,
    )  # fmt: skip


def _setting(site: Site) -> str:
    return f"--{_text(site.constants[0])}"


def _check(site: Site) -> None:
    name, default = _text(site.constants[0]), _default(site)
    if not name or "=" in name or "\0" in name:
        site.error(f"--{name} is no name that a command line can have", arg=0)
    limit = site.context.config.max_strlen
    if isinstance(default, bytes) and len(default) >= limit:
        site.error(f"a string parameter has at most {limit - 1} bytes", "raise max_strlen", arg=1)


def _getopt(e: Emitter, site: Site, target: Reg | None) -> Reg:
    kind, address = _type(site), e.setting_at(_setting(site))
    if kind.scalar:
        return e.load(address, 0, kind.size, signed=kind == INT64)
    if target is None:
        return address
    e.copy(target, address, kind.size)
    return target


PARAMS = (
    Function(
        "getopt", "A parameter given as --name=value when the object is run, or its default.",
        (
            Parameter("name", STRING, constant=True),
            Parameter("default", _DEFAULT, constant=True, optional=True),
            Parameter("description", STRING, constant=True, optional=True),
        ),
        _type, _getopt, _check, _parameter,
    ),
)  # fmt: skip
