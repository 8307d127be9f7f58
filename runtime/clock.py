"""From the kernel's clocks to wall-clock text.

`%f` is bpftrace's addition to strftime: microseconds in six digits.
"""

from __future__ import annotations

import time

_CLOCKS = {
    "boot": time.CLOCK_BOOTTIME,
    "monotonic": time.CLOCK_MONOTONIC,
    "tai": getattr(time, "CLOCK_TAI", 11),
    "wall": time.CLOCK_REALTIME,
}


def wall_nanoseconds(nanoseconds: int, clock: str) -> int:
    """Nanoseconds of a kernel clock as nanoseconds since the epoch."""
    offset = time.clock_gettime_ns(time.CLOCK_REALTIME) - time.clock_gettime_ns(_CLOCKS[clock])
    return nanoseconds + offset


def format_wall(form: str, nanoseconds: int) -> str:
    """strftime in local time, `%f` being microseconds."""
    seconds, rest = divmod(nanoseconds, 1_000_000_000)
    return time.strftime(form.replace("%f", f"{rest // 1000:06d}"), time.localtime(seconds))
