"""Names of bpftrace 0.27 that aotrace does not have yet: a message tells them from typos.

Source: bpftrace's docs/stdlib.md.
"""

from __future__ import annotations

FUNCTIONS = frozenset((
    "cgroup_path", "cgroupid", "config", "container_of", "dw_ustack", "fail", "find",
    "kaddr", "kfunc_allowed", "kfunc_exist", "ksym", "len", "percpu_kaddr", "skboutput",
    "socket_cookie", "static_assert", "tseries", "uaddr", "username",
))  # fmt: skip
