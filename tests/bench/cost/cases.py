"""The scripts whose cost is measured; each stands beside the same program written in C (by_hand/).

A script keeps to what bpftrace 0.17 understands as well.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Case:
    """call: what caller.c makes, which fires the script's probes.

    tool: the one of libbpf-tools that does about the same work at the same event; () for none.
    """

    name: str
    script: str
    call: str
    tool: tuple[str, ...] = ()


_GETPPID = "tracepoint:syscalls:sys_enter_getppid"
CASES = (
    Case("count by pid", f"{_GETPPID} {{ @[pid] = count(); }}", "getppid", ("syscount", "-P")),
    Case(
        "latency histogram",
        f"{_GETPPID} {{ @s[tid] = nsecs; }} tracepoint:syscalls:sys_exit_getppid /@s[tid]/ "
        "{ @h = hist(nsecs - @s[tid]); delete(@s[tid]); }",
        "getppid",
        ("syscount", "-L"),
    ),
    Case("printf", f'{_GETPPID} {{ printf("%d %d %s\\n", pid, tid, comm); }}', "getppid"),
    Case(
        "printf with str",
        'tracepoint:syscalls:sys_enter_openat { printf("%s\\n", str(args->filename)); }',
        "openat",
        ("opensnoop",),
    ),
    Case(
        "ntop v4",
        'tracepoint:sock:inet_sock_set_state { printf("%s\\n", ntop(args->daddr)); }',
        "connect4",
        ("tcpstates",),
    ),
    Case(
        "ntop v6",
        'tracepoint:sock:inet_sock_set_state { printf("%s\\n", ntop(args->daddr_v6)); }',
        "connect6",
        ("tcpstates",),
    ),
    Case("count by kstack", f"{_GETPPID} {{ @[kstack] = count(); }}", "getppid"),
)
