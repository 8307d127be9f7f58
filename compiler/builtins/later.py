"""Names of bpftrace 0.27 that aotrace does not have yet: a message tells them from typos.

Source: bpftrace's docs/stdlib.md.
"""

from __future__ import annotations

FUNCTIONS = frozenset((
    "uaddr",
))  # fmt: skip

#: Names that will not be had: why, and what to use in their place.
REFUSED = {
    "dw_ustack": (
        "it needs unwind tables that are made out of the traced process for each run",
        "build what is traced with -fno-omit-frame-pointer, and use ustack",
    ),
}
