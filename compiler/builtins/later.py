"""Names of bpftrace 0.27 that aotrace does not have yet: a message tells them from typos.

Source: bpftrace's docs/stdlib.md.
"""

from __future__ import annotations

FUNCTIONS = frozenset((
    "dw_ustack", "skboutput", "uaddr",
))  # fmt: skip
