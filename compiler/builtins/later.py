"""Names of bpftrace 0.27 that aotrace does not have yet: a message tells them from typos.

Source: bpftrace's docs/stdlib.md and docs/language.md, "Probes".
"""

from __future__ import annotations

FUNCTIONS = frozenset((
    "assert", "assert_str", "buf", "cat", "cgroup_path", "cgroupid", "config",
    "container_of", "cpid", "default_str_length", "dw_ustack", "errorf", "fail", "find",
    "join", "kaddr", "kfunc_allowed", "kfunc_exist", "ksym",
    "len", "memcmp", "override", "path", "percpu_kaddr", "reg", "signal",
    "signal_name", "signal_thread", "skboutput", "socket_cookie", "static_assert",
    "str_concat", "strcap", "strcontains", "strerror", "strlen", "strncmp", "strstr",
    "syscall_name", "system", "tseries", "uaddr", "unwatch", "usermode", "username",
    "warnf", "write_user",
))  # fmt: skip
PROBES = frozenset((
    "U", "bench", "it", "iter", "self", "test", "u", "uprobe", "ur", "uretprobe", "usdt",
))  # fmt: skip
