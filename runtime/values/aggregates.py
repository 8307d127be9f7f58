"""Map values that sum up: each CPU keeps its own, the loader merges them.

`merge` takes the decoded value of each CPU and returns the whole; `text` and `json` show the merged value.
"""

from __future__ import annotations

import struct
from typing import Any

from aotrace.runtime.values.base import Buffer, Kind, Spec

_U64 = 1 << 64


def _wrap(value: int, signed: bool) -> int:
    value %= _U64
    return value - _U64 if signed and value >= _U64 // 2 else value


class AggregateKind(Kind):
    """A per-CPU value."""

    align = 8

    def merge(self, values: list[Any]) -> Any:
        raise TypeError(f"{self.tag}: no merge")


class CountKind(AggregateKind):
    """count(): one u64 a CPU."""

    tag = "count"
    size = 8
    signed = True

    def layout(self) -> tuple[tuple[str, int, str], ...]:
        return (("", 0, "u64"),)

    def decode(self, raw: Buffer, offset: int) -> int:
        value: int = struct.unpack_from("<Q", raw, offset)[0]
        return value

    def merge(self, values: list[int]) -> int:
        return _wrap(sum(values), self.signed)


class SumKind(CountKind):
    """sum(): one u64 a CPU, read with the sign of what was summed."""

    tag = "sum"

    def __init__(self, signed: bool) -> None:
        self.signed = signed

    def parameters(self) -> Spec:
        return {"signed": self.signed}


class ExtremeKind(AggregateKind):
    """min() and max(): the value, then a u64 that tells whether this CPU has seen one."""

    size = 16

    def __init__(self, signed: bool) -> None:
        self.signed = signed

    def parameters(self) -> Spec:
        return {"signed": self.signed}

    def layout(self) -> tuple[tuple[str, int, str], ...]:
        return (("value", 0, "u64"), ("seen", 8, "u64"))

    def decode(self, raw: Buffer, offset: int) -> int | None:
        value, seen = struct.unpack_from("<qQ" if self.signed else "<QQ", raw, offset)
        return int(value) if seen else None


class MinKind(ExtremeKind):
    """min()."""

    tag = "min"

    def merge(self, values: list[int | None]) -> int:
        return min((v for v in values if v is not None), default=0)


class MaxKind(ExtremeKind):
    """max()."""

    tag = "max"

    def merge(self, values: list[int | None]) -> int:
        return max((v for v in values if v is not None), default=0)


class AvgKind(AggregateKind):
    """avg(): total and count of each CPU; merged to (count, average, total)."""

    tag = "avg"
    size = 16

    def __init__(self, signed: bool) -> None:
        self.signed = signed

    def parameters(self) -> Spec:
        return {"signed": self.signed}

    def layout(self) -> tuple[tuple[str, int, str], ...]:
        return (("total", 0, "u64"), ("count", 8, "u64"))

    def decode(self, raw: Buffer, offset: int) -> tuple[int, int]:
        total, count = struct.unpack_from("<QQ", raw, offset)
        return total, count

    def merge(self, values: list[tuple[int, int]]) -> tuple[int, int, int]:
        total = _wrap(sum(v[0] for v in values), self.signed)
        count = sum(v[1] for v in values) % _U64
        quotient = abs(total) // count if count else 0
        return count, -quotient if total < 0 else quotient, total

    def text(self, value: tuple[int, int, int]) -> str:
        return str(value[1])

    def json(self, value: tuple[int, int, int]) -> Any:
        return value[1]

    def order(self, value: tuple[int, int, int]) -> Any:
        return value[1]


class StatsKind(AvgKind):
    """stats(): as avg(), showing count, average and total."""

    tag = "stats"

    def text(self, value: tuple[int, int, int]) -> str:
        count, average, total = value
        return f"count {count}, average {average}, total {total}"

    def json(self, value: tuple[int, int, int]) -> Any:
        count, average, total = value
        return {"count": count, "average": average, "total": total}
