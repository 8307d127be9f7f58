"""Who is running: ids, name, task."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from aotrace.compiler.builtins.accepts import INTEGER, STRING
from aotrace.compiler.builtins.messages import message, place_of
from aotrace.compiler.builtins.record import (
    Builtin,
    EventSpec,
    Function,
    Parameter,
    ProbeContext,
    Site,
)
from aotrace.compiler.emitter import Emitter, Reg
from aotrace.compiler.kernel_types import find_struct
from aotrace.compiler.types import UINT32, UINT64, Int, Pointer, Str, Type

COMM_SIZE = 16  # TASK_COMM_LEN
#: the PID namespace of the loader by the device and inode of its file; 0 for the initial one
DEVICE_SETTING, NAMESPACE_SETTING = "pid_device", "pid_namespace"
_NAMESPACES = ("curr_ns", "init")
_INIT = b"init"
_LOW = 0xFFFFFFFF
_FIND, _RELEASE = "bpf_task_from_pid", "bpf_task_release"
_NO_TASK, _UNKNOWN = b"N/A\0\0\0\0\0", b"[unknown]".ljust(COMM_SIZE, b"\0")


def _half(helper: str, high: bool) -> Callable[[Emitter, ProbeContext, Reg | None], Reg]:
    """The upper or lower 32 bits of what a helper returns."""

    def emit(e: Emitter, _context: ProbeContext, _target: Reg | None) -> Reg:
        both = e.helper(helper)
        return e.op("lshr", both, 32) if high else e.op("and", both, _LOW)

    return emit


def _id(shift: int, e: Emitter, site: Site, _target: Reg | None) -> Reg:
    """Half of what tells a thread: its process above, itself below."""
    initial = site.constants == (_INIT,)
    both = e.helper("get_current_pid_tgid") if initial else ids_here(e)
    return e.op("and", e.op("lshr", both, shift), _LOW)


def ids_here(e: Emitter, told: bool = True) -> Reg:
    """As get_current_pid_tgid, as the loader's PID namespace counts; 0 for a task outside of it,
    which is a failure that may be told.

    In the initial one, where the setting is 0, the verifier leaves all but the first out.
    """
    both, namespace = e.slot(8), e.setting(NAMESPACE_SETTING)
    e.store(both, 0, 8, e.helper("get_current_pid_tgid"))
    with e.if_(namespace):
        pair = e.slot(8)  # one of its own: `both`, of which no helper knows, is a register
        e.store(pair, 0, 8, e.const(0))
        device = e.setting(DEVICE_SETTING)
        helper = e.helper if told else e.helper_untold
        helper("get_ns_current_pid_tgid", device, namespace, pair, 8)
        e.store(both, 0, 8, e.load(pair, 0, 8))
    return e.load(both, 0, 8)


def _id_function(name: str, doc: str, shift: int) -> Function:
    mode = Parameter("namespace", STRING, constant=True, optional=True, words=_NAMESPACES)
    return Function(name, doc, (mode,), lambda _: UINT32, partial(_id, shift))


def _comm(e: Emitter, site: Site, target: Reg | None) -> Reg:
    target = e.slot(COMM_SIZE) if target is None else target
    e.zero(target, COMM_SIZE)  # some kernels (6.1) leave what is behind the name as it was
    if site.args:
        _comm_of(e, site, target)
    else:
        e.helper("get_current_comm", target, COMM_SIZE)
    return target


def _comm_of(e: Emitter, site: Site, target: Reg) -> None:
    """The name of another task, which only a kernel function finds (Linux 6.2)."""
    struct = find_struct(site.context.btf, "struct", "task_struct")
    assert struct is not None  # checked
    with e.if_else(e.allows(_FIND)) as (allowed, refused):
        with allowed:
            pid = e.value(site.args[0])
            task = e.kernel_function(_FIND, pid)
            with e.if_else(task) as (there, missing):
                with there:
                    name = e.member_at(task, struct, "comm")
                    e.helper("probe_read_kernel_str", target, COMM_SIZE, name)
                    e.kernel_function(_RELEASE, task)
                with missing:
                    e.copy(target, e.blob(_NO_TASK), len(_NO_TASK))
                    e.send(site.node, 0, pid)
        with refused:
            e.copy(target, e.blob(_UNKNOWN), len(_UNKNOWN))
            e.send(site.node, 1)


def _comm_events(site: Site) -> tuple[EventSpec, ...]:
    """There is no such task; the kernel tells of none."""
    if not site.args:
        return ()
    gone = {"format": "No such process (pid=%d)", **place_of(site.node.span)}
    kind = site.context.probe.kind.name
    text = f"this kernel has no {_FIND}() for {kind} probes, which comm(PID) needs"
    return (
        EventSpec("warnf", (), gone, made=(Int(4, True),), aside=True),
        message("warnf", site, text, aside=True),
    )


def _check_comm(site: Site) -> None:
    if site.args and find_struct(site.context.btf, "struct", "task_struct") is None:
        site.error("the kernel this is built for has no task_struct in its BTF")


def _curtask_type(context: ProbeContext) -> Type:
    task = find_struct(context.btf, "struct", "task_struct")
    return Pointer(task) if task else UINT64


def _curtask(e: Emitter, _context: ProbeContext, _target: Reg | None) -> Reg:
    return e.helper("get_current_task")


def _uint64(_context: ProbeContext) -> Type:
    return UINT64


PROCESS = (
    _id_function("pid", "Process ID, as the loader's PID namespace (curr_ns) or init counts.", 32),
    _id_function("tid", "Thread ID, as the loader's PID namespace (curr_ns) or init counts.", 0),
    Builtin("uid", "User ID.", _uint64, _half("get_current_uid_gid", False)),
    Builtin("gid", "Group ID.", _uint64, _half("get_current_uid_gid", True)),
    Function(
        "comm",
        "Name of the thread, or of the process of an ID.",
        (Parameter("pid", INTEGER, optional=True),),
        lambda _: Str(COMM_SIZE),
        _comm,
        _check_comm,
        events=_comm_events,
    ),
    Builtin("curtask", "The running task's task_struct.", _curtask_type, _curtask),
)
