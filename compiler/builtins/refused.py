"""Names of bpftrace 0.27 that aotrace will not have: a message tells them from typos."""

from __future__ import annotations

#: why, and what to use in their place
REFUSED = {
    "dw_ustack": (
        "it needs unwind tables that are made out of the traced process for each run",
        "build what is traced with -fno-omit-frame-pointer, and use ustack",
    ),
}
