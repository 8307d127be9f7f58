"""Who runs: the user's name, the cgroup's path; both are looked up where the trace runs."""

from __future__ import annotations

from aotrace.compiler.builtins.accepts import INTEGER, STRING
from aotrace.compiler.builtins.record import (
    Builtin,
    Function,
    LoadParameter,
    Parameter,
    ProbeContext,
    Site,
)
from aotrace.compiler.emitter import Emitter, Reg
from aotrace.compiler.types import UINT64, CgroupPath, Username

_LOW = 0xFFFFFFFF


def _username(e: Emitter, _context: ProbeContext, _target: Reg | None) -> Reg:
    return e.op("and", e.helper("get_current_uid_gid"), _LOW)


def _text(constant: object) -> str:
    return constant.decode("utf-8", "surrogateescape") if isinstance(constant, bytes) else ""


def _filter(site: Site) -> str:
    return _text(site.constants[1]) if len(site.constants) > 1 else "*"


def _cgroup_path(e: Emitter, site: Site, _target: Reg | None) -> Reg:
    return e.value(site.args[0])


def _setting(site: Site) -> str:
    return f"cgroupid:{_text(site.constants[0])}"


def _cgroupid(e: Emitter, site: Site, _target: Reg | None) -> Reg:
    return e.load(e.setting_at(_setting(site)), 0, 8)


USERS = (
    Builtin("username", "Name of the user.", lambda _: Username(), _username),
    Function(
        "cgroup_path", "Where a cgroup is in each hierarchy that a pattern matches.",
        (
            Parameter("id", INTEGER),
            Parameter("filter", STRING, constant=True, optional=True),
        ),
        lambda site: CgroupPath(_filter(site)), _cgroup_path,
    ),
    Function(
        "cgroupid", "ID of the cgroup at a path of the machine that the trace runs on.",
        (Parameter("path", STRING, constant=True),), lambda _: UINT64, _cgroupid,
        parameter=lambda site: LoadParameter(_setting(site), UINT64.kind),
    ),
)  # fmt: skip
