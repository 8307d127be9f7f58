"""Tasks other than by their ids: their parents and leaders, from the kernel's task_struct."""

from __future__ import annotations

from functools import partial

from aotrace.compiler.builtins.process import COMM_SIZE
from aotrace.compiler.builtins.record import Accepts, Function, Parameter, Site
from aotrace.compiler.emitter import Emitter, Reg
from aotrace.compiler.kernel_types import find_struct
from aotrace.compiler.types import Int, Pointer, Str, Struct, Type

_PID = Int(4, True)  # pid_t


def _is_task(kind: Type) -> bool:
    target = kind.target if isinstance(kind, Pointer) else None
    return isinstance(target, Struct) and target.name == "task_struct"


_TASK = Parameter("task", Accepts("a pointer to a task_struct", _is_task), optional=True)


def _struct(site: Site) -> Struct | None:
    given = site.types[0] if site.types else None
    if isinstance(given, Pointer) and isinstance(given.target, Struct):
        return given.target
    return find_struct(site.context.btf, "struct", "task_struct")


def _check(site: Site) -> None:
    if _struct(site) is None:
        site.error("the kernel this is built for has no task_struct in its BTF")


def _task(e: Emitter, site: Site) -> Reg:
    return e.value(site.args[0]) if site.args else e.helper("get_current_task")


def _id(of: str, e: Emitter, site: Site, _target: Reg | None) -> Reg:
    struct = _struct(site)
    assert struct is not None  # checked
    return e.member(_task(e, site), struct, of, "pid")


def _comm(of: str, e: Emitter, site: Site, target: Reg | None) -> Reg:
    struct = _struct(site)
    assert struct is not None  # checked
    target = e.slot(COMM_SIZE) if target is None else target
    e.zero(target, COMM_SIZE)
    name = e.member_at(_task(e, site), struct, of, "comm")
    e.helper("probe_read_kernel_str", target, COMM_SIZE, name)
    return target


def _number(name: str, doc: str, of: str) -> Function:
    return Function(name, doc, (_TASK,), lambda _: _PID, partial(_id, of), _check)


def _text(name: str, doc: str, of: str) -> Function:
    return Function(name, doc, (_TASK,), lambda _: Str(COMM_SIZE), partial(_comm, of), _check)


TASKS = (
    _number("ppid", "Process ID of the parent of a task, or of the running one.", "real_parent"),
    _text("pcomm", "Name of the parent of a task, or of the running one.", "real_parent"),
    _number(
        "leader_tid", "Thread ID of the leader of a task's thread group, or of the running one's.",
        "group_leader",
    ),
    _text(
        "leader_comm", "Name of the leader of a task's thread group, or of the running one's.",
        "group_leader",
    ),
)  # fmt: skip
