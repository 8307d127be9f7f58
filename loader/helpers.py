"""The kernel's helpers that not every kernel has, and how the verifier says that one is missing."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

#: enum bpf_func_id: what not every kernel since 5.10 has, or not every configuration.
NUMBERS = {
    "for_each_map_elem": 164, "get_attach_cookie": 174, "get_current_cgroup_id": 80,
    "get_current_task_btf": 158, "get_func_ip": 173, "get_ns_current_pid_tgid": 120,
    "get_stack": 67, "jiffies64": 118, "ktime_get_boot_ns": 125, "ktime_get_tai_ns": 208,
    "loop": 181, "map_lookup_percpu_elem": 195, "override_return": 58, "per_cpu_ptr": 153,
    "probe_read_user": 112, "probe_write_user": 36, "ringbuf_reserve": 131, "send_signal": 109,
    "send_signal_thread": 117, "strncmp": 182, "task_pt_regs": 175,
}  # fmt: skip
#: The Linux that brought it, to all kinds of programs that call it here.
_SINCE = {
    "for_each_map_elem": "5.13", "get_attach_cookie": "5.15", "get_current_task_btf": "5.11",
    "get_func_ip": "5.15", "get_socket_cookie": "5.12", "ktime_get_tai_ns": "6.1", "loop": "5.17",
    "map_lookup_percpu_elem": "5.19", "strncmp": "5.17", "task_pt_regs": "5.15",
}  # fmt: skip
_CALLBACKS = ("for_each_map_elem", "loop")  # they call a function of the program's
_UNKNOWN = "unknown func "  # then bpf_NAME#NUMBER, or unknown#NUMBER where the kernel has none
_NO_FUNCTIONS = "number of funcs in func_info doesn't match number of subprogs"


def missing(reason: str, used: Sequence[str]) -> str:
    """What the verifier's word says in ours; empty if it's about something else.

    used: the helpers that the object calls, by the kernel's names.
    """
    if reason == _NO_FUNCTIONS:  # before 5.13
        name = next((name for name in _CALLBACKS if f"bpf_{name}" in used), "")
    else:
        name = _named(reason)
    if not name:
        return ""
    since = f", which came with Linux {_SINCE[name]}" if name in _SINCE else " for such a probe"
    return f"this kernel has no helper bpf_{name}{since}"


def _named(reason: str) -> str:
    said = reason.replace("invalid func ", _UNKNOWN)
    if not said.startswith(_UNKNOWN):
        return ""
    name, _, number = said[len(_UNKNOWN) :].partition("#")
    by_number = {str(known): name for name, known in NUMBERS.items()}
    return by_number.get(number, "") if name == "unknown" else name[len("bpf_") :]
