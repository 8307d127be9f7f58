"""From the kernel's clocks to wall-clock text.

strftime() knows three conversions beside those of strftime(3): `%f` microseconds, `%l` milliseconds
and `%k` nanoseconds of the second (bpftrace: BPFtrace::format_timestamp).
"""

from __future__ import annotations

import time

_CLOCKS = {
    "boot": getattr(time, "CLOCK_BOOTTIME", 7),
    "monotonic": time.CLOCK_MONOTONIC,
    "tai": getattr(time, "CLOCK_TAI", 11),
    "wall": time.CLOCK_REALTIME,
}
_SECOND = 1_000_000_000
_FRACTIONS = (("%f", 1000, 6), ("%k", 1, 9), ("%l", 1_000_000, 3))  # conversion, ns a unit, digits
_NOTHING = "(?)"  # strftime(3) does not tell an empty text from a failure
_offsets: dict[str, int] = {}


def wall_nanoseconds(nanoseconds: int, clock: str) -> int:
    """Nanoseconds of a kernel clock as nanoseconds since the epoch.

    The clocks' distance is measured once, so that equal times stay equal and their order is kept.
    """
    if clock not in _offsets:
        _offsets[clock] = _distance(_CLOCKS[clock])
    return nanoseconds + _offsets[clock]


def _distance(clock: int) -> int:
    """From a clock to the wall clock: the closest of a few tries."""
    tries = []
    for _ in range(5):
        before = time.clock_gettime_ns(clock)
        wall = time.clock_gettime_ns(time.CLOCK_REALTIME)
        after = time.clock_gettime_ns(clock)
        tries.append((after - before, wall - (before + after) // 2))
    distance = min(tries)[1]
    # atomic time is ahead by whole seconds
    return round(distance / _SECOND) * _SECOND if clock == _CLOCKS["tai"] else distance


def format_wall(form: str, nanoseconds: int) -> str:
    """Nanoseconds since the epoch in local time."""
    seconds, rest = divmod(nanoseconds, _SECOND)
    for conversion, unit, digits in _FRACTIONS:
        form = form.replace(conversion, f"{rest // unit:0{digits}}")
    return time.strftime(form, time.localtime(seconds)) or _NOTHING


def format_now(form: str) -> str:
    """The present time, as time() shows it: without those three."""
    return time.strftime(form)
