"""Names of bpftrace 0.27 that aotrace does not have yet: a message tells them from typos.

Source: bpftrace's docs/stdlib.md.
"""

from __future__ import annotations

FUNCTIONS = frozenset((
    "assert_str", "cgroup_path", "cgroupid", "config", "container_of", "default_str_length",
    "dw_ustack", "fail", "find", "kaddr", "kfunc_allowed", "kfunc_exist", "ksym", "len",
    "memcmp", "percpu_kaddr", "signal_name", "skboutput", "socket_cookie", "static_assert",
    "str_concat", "strcap", "strcontains", "strerror", "strlen", "strncmp", "strstr",
    "syscall_name", "tseries", "uaddr", "username",
))  # fmt: skip
