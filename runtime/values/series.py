"""tseries(): values by intervals of time, drawn as a graph."""

from __future__ import annotations

import struct

from aotrace.runtime.values.aggregates import SignedKind
from aotrace.runtime.values.base import Verbatim, json_number, quotient

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any, Optional

    from aotrace.runtime.values.base import Buffer

    #: what an interval came to, by its number; None: nothing in it
    Shown = list[tuple[int, Optional[int]]]
    #: of one CPU: (interval's number, value, how many or when)
    Buckets = list[tuple[int, int, int]]

BUCKET_SIZE = 24
WAYS = ("last", "avg", "max", "min", "sum")
_WIDTH, _LEFT = 53, 21  # of the graph; of what stands below its left end
_UNITS = ((10**9, "", 0), (10**6, "ms", 3), (10**3, "us", 6), (0, "ns", 9))
_BREADTHS = {"us": "\u03bcs"}


def _last(buckets: Sequence[tuple[int, int]]) -> int:
    return max(buckets, key=lambda bucket: bucket[1])[0]


def _average(buckets: Sequence[tuple[int, int]]) -> int:
    number = sum(count for _, count in buckets)
    return quotient(sum(value for value, _ in buckets), number) if number else 0


_MERGED: dict[str, Callable[[Sequence[tuple[int, int]]], int]] = {
    "last": _last,
    "avg": _average,
    "max": lambda buckets: max(value for value, _ in buckets),
    "min": lambda buckets: min(value for value, _ in buckets),
    "sum": lambda buckets: sum(value for value, _ in buckets),
}


class TseriesKind(SignedKind):
    """Of each CPU, `count` times: the value, a u64 that `way` needs, the number of the interval.

    The number is the TAI clock's time by `interval` nanoseconds; 0: nothing yet.
    """

    tag = "tseries"
    fields = {"signed": bool, "interval": int, "count": int, "way": str}
    message = "tseries"
    multiline = True

    def __init__(self, signed: bool, interval: int, count: int, way: str) -> None:
        super().__init__(signed)
        if interval < 1 or count < 1 or way not in WAYS:
            raise ValueError(f"no series of {count} intervals of {interval} ns, {way!r}")
        self.interval, self.count, self.way = interval, count, way
        self.size = BUCKET_SIZE * count

    def layout(self) -> tuple[tuple[str, int, str], ...]:
        return (("buckets", 0, f"u64[{3 * self.count}]"),)

    def decode(self, raw: Buffer, offset: int) -> Buckets:
        form = "<" + ("qQQ" if self.signed else "QQQ")
        places = range(offset, offset + self.size, BUCKET_SIZE)
        found = (struct.unpack_from(form, raw, place) for place in places)
        return [(number, value, extra) for value, extra, number in found if number]

    def merge(self, values: Sequence[Buckets]) -> Shown:
        return self._shown(self._merged(values), None)

    def merge_many(self, columns: Sequence[Sequence[Buckets]]) -> list[Shown]:
        """All series of a map end with the latest interval of any."""
        merged = [self._merged(values) for values in zip(*columns)]
        latest = max((max(series) for series in merged if series), default=0)
        return [self._shown(series, latest) for series in merged]

    def _merged(self, values: Sequence[Buckets]) -> dict[int, int]:
        found: dict[int, list[tuple[int, int]]] = {}
        for buckets in values:
            for number, value, extra in buckets:
                found.setdefault(number, []).append((value, extra))
        return {number: _MERGED[self.way](each) for number, each in found.items()}

    def _shown(self, series: dict[int, int], latest: int | None) -> Shown:
        if not series:
            return []
        last = max(series) if latest is None else latest
        kept = [number for number in series if number > last - self.count]
        if not kept:
            return []
        return [(number, series.get(number)) for number in range(min(kept), last + 1)]

    def rank(self, value: Shown) -> None:
        return None

    def scaled(self, value: Shown, divisor: int) -> Shown:
        return value

    def json(self, value: Shown) -> Any:
        rows = (
            f'{{"interval_start":"{self._time("%Y-%m-%d %H:%M:%S.%k", number)}",'
            f'"value":{json_number(shown)}}}'
            for number, shown in value
            if shown is not None
        )
        return Verbatim(f"[{','.join(rows)}]")

    def _time(self, form: str, number: int) -> str:
        from aotrace.runtime.clock import format_wall, wall_nanoseconds

        return format_wall(form, wall_nanoseconds(number * self.interval, "tai"))

    def text(self, value: Shown) -> str:
        if not value:
            return "<no data>"
        graph = _Graph([shown for _, shown in value if shown is not None], self.signed)
        unit, digits = _unit(self.interval if len(value) > 1 else 0)
        width = 8 + (1 + digits if unit else 0)
        head = "hh:mm:ss" + (f".{_BREADTHS.get(unit, unit)}" if unit else "")
        head += " " * (width + 1 - len(head.encode()))
        ends = " " * (width + 1) + graph.ends() + "\n"
        lines = [ends, f"{head}|{'_' * (_WIDTH - 2)}|\n"]
        for number, shown in value:
            time = self._time("%H:%M:%S.%k", number)[:width]
            lines.append(f"{time} {graph.line(shown)}\n")
        lines.append(f"{' ' * (width + 1)}v{'_' * (_WIDTH - 2)}v\n{ends}")
        return "".join(lines)


def _unit(interval: int) -> tuple[str, int]:
    """The largest that an interval is not shorter than, and its digits."""
    return next((name, digits) for least, name, digits in _UNITS if interval >= least)


class _Graph:
    """Points between the least and the greatest value."""

    def __init__(self, values: list[int], signed: bool) -> None:
        self.low, self.high = min(values), max(values)
        if self.low == self.high:
            least, greatest = (-1 << 63, (1 << 63) - 1) if signed else (0, (1 << 64) - 1)
            self.low -= self.low > least
            self.high += self.high < greatest
        self.zero = 0
        if self.low < 0 < self.high:
            self.zero = int(_single(_WIDTH * -self.low) / _single(self.high - self.low))

    def ends(self) -> str:
        return f"{self.low:<{_LEFT}}{self.high:>{_WIDTH - _LEFT}}"

    def line(self, value: int | None) -> str:
        line = ["|", *" " * (_WIDTH - 2), "|"]
        if self.zero:
            line[self.zero] = "."
        if value is None:
            return "".join(line) + " -"
        place = _single(_single((_WIDTH - 1) * (value - self.low)) / _single(self.high - self.low))
        line[max(0, min(_WIDTH - 1, int(place)))] = "*"
        return f"{''.join(line)} {value}"


def _single(value: float) -> float:
    rounded: float = struct.unpack("<f", struct.pack("<f", value))[0]
    return rounded
