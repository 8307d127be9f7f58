"""Who is running: ids, name, task."""

from __future__ import annotations

from collections.abc import Callable

from aotrace.compiler.builtins.record import Builtin, ProbeContext
from aotrace.compiler.emitter import Emitter, Reg
from aotrace.compiler.kernel_types import find_struct
from aotrace.compiler.types import UINT32, UINT64, Pointer, Str, Type

COMM_SIZE = 16  # TASK_COMM_LEN
_LOW = 0xFFFFFFFF


def _half(helper: str, high: bool) -> Callable[[Emitter, ProbeContext, Reg | None], Reg]:
    """The upper or lower 32 bits of what a helper returns."""

    def emit(e: Emitter, _context: ProbeContext, _target: Reg | None) -> Reg:
        both = e.helper(helper)
        return e.op("lshr", both, 32) if high else e.op("and", both, _LOW)

    return emit


def _comm(e: Emitter, _context: ProbeContext, target: Reg | None) -> Reg:
    target = e.slot(COMM_SIZE) if target is None else target
    e.zero(target, COMM_SIZE)  # some kernels (6.1) leave what is behind the name as it was
    e.helper("get_current_comm", target, COMM_SIZE)
    return target


def _curtask_type(context: ProbeContext) -> Type:
    task = find_struct(context.btf, "struct", "task_struct")
    return Pointer(task) if task else UINT64


def _curtask(e: Emitter, _context: ProbeContext, _target: Reg | None) -> Reg:
    return e.helper("get_current_task")


def _uint32(_context: ProbeContext) -> Type:
    return UINT32


PROCESS = (
    Builtin("pid", "Process ID (thread group ID).", _uint32, _half("get_current_pid_tgid", True)),
    Builtin("tid", "Thread ID.", _uint32, _half("get_current_pid_tgid", False)),
    Builtin("uid", "User ID.", _uint32, _half("get_current_uid_gid", False)),
    Builtin("gid", "Group ID.", _uint32, _half("get_current_uid_gid", True)),
    Builtin("comm", "Name of the thread.", lambda _: Str(COMM_SIZE), _comm),
    Builtin("curtask", "The running task's task_struct.", _curtask_type, _curtask),
)
