"""Wall-clock text: the value of strftime()."""

from __future__ import annotations

import struct

from aotrace.runtime.values.base import Kind

TYPE_CHECKING = False
if TYPE_CHECKING:
    from aotrace.runtime.values.base import Buffer

CLOCKS = ("boot", "monotonic", "tai", "wall")


class TimestampKind(Kind):
    """Nanoseconds of a kernel clock, shown on the target in the wall clock by a strftime format.

    `clock` names what the nanoseconds count: boot, monotonic, tai or wall.
    """

    tag = "timestamp"
    size = 8
    align = 8
    fields = {"format": str, "clock": str}

    def __init__(self, format: str, clock: str) -> None:
        if clock not in CLOCKS:
            raise ValueError(f"no clock {clock!r}")
        self.format = format
        self.clock = clock

    def layout(self) -> tuple[tuple[str, int, str], ...]:
        return (("", 0, "u64"),)

    def decode(self, raw: Buffer, offset: int) -> str:
        nanoseconds: int = struct.unpack_from("<Q", raw, offset)[0]
        from aotrace.runtime.clock import format_wall, wall_nanoseconds

        return format_wall(self.format, wall_nanoseconds(nanoseconds, self.clock))
