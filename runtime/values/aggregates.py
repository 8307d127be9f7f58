"""Map values that sum up: each CPU keeps its own, the loader merges them.

`merge` takes the decoded value of each CPU and returns the whole; `text`, `json` and `rank` take
the merged value. The arithmetic is that of bpftrace's src/util/stats.h: 64 bits, divisions toward
zero.
"""

from __future__ import annotations

import struct

from aotrace.runtime.values.base import Kind, json_number, quotient, unpack_many

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from aotrace.runtime.values.base import Buffer

_U64 = 1 << 64


def _wrap(value: int, signed: bool) -> int:
    value %= _U64
    return value - _U64 if signed and value >= _U64 // 2 else value


class AggregateKind(Kind):
    """A per-CPU value."""

    align = 8

    def alone(self, value: Any) -> Any:
        """Of what was summed up in the kernel already."""
        return self.merge([value])

    def json(self, value: Any) -> Any:
        return json_number(value)

    def rank(self, value: Any) -> int | None:
        number: int = value
        return number

    def type_name(self) -> str:
        return f"{self.tag}_t"


class CountKind(AggregateKind):
    """count(): one u64 a CPU."""

    tag = "count"
    leaves_trace = True
    size = 8
    signed = False

    def layout(self) -> tuple[tuple[str, int, str], ...]:
        return (("", 0, "u64"),)

    def decode(self, raw: Buffer, offset: int) -> int:
        value: int = struct.unpack_from("<Q", raw, offset)[0]
        return value

    def decode_many(self, raw: Buffer, count: int, stride: int, offset: int = 0) -> list[Any]:
        return unpack_many("Q", raw, count, stride, offset)

    def merge(self, values: Sequence[int]) -> int:
        return _wrap(sum(values), self.signed)

    def merge_many(self, columns: Sequence[Sequence[int]]) -> list[int]:
        totals = list(map(sum, zip(*columns)))
        if max(totals, default=0) < _U64 // 2:
            return totals
        return [_wrap(total, self.signed) for total in totals]

    def scaled(self, value: int, divisor: int) -> int:
        return quotient(value, divisor)


class SignedKind(AggregateKind):
    """An aggregate that is read with the sign of what went into it."""

    fields = {"signed": bool}

    def __init__(self, signed: bool) -> None:
        self.signed = signed

    def type_name(self) -> str:
        return f"{'' if self.signed else 'u'}{self.tag}_t"


class SumKind(SignedKind, CountKind):
    """sum(): one u64 a CPU."""

    tag = "sum"
    leaves_trace = False  # of 0 it is 0


class ExtremeKind(SignedKind):
    """min() and max(): the value, then a u64 that tells whether this CPU has seen one."""

    size = 16
    leaves_trace = True

    def layout(self) -> tuple[tuple[str, int, str], ...]:
        return (("value", 0, "u64"), ("seen", 8, "u64"))

    def decode(self, raw: Buffer, offset: int) -> int | None:
        value, seen = struct.unpack_from("<qQ" if self.signed else "<QQ", raw, offset)
        return int(value) if seen else None

    def scaled(self, value: int, divisor: int) -> int:
        return quotient(value, divisor)

    def rank(self, value: int) -> int:
        """Compared as unsigned, signed or not (bpftrace: types_format.cpp, min_max_value)."""
        return value % _U64


class MinKind(ExtremeKind):
    """min()."""

    tag = "min"

    def merge(self, values: Sequence[int | None]) -> int:
        return min((v for v in values if v is not None), default=0)


class MaxKind(ExtremeKind):
    """max()."""

    tag = "max"

    def merge(self, values: Sequence[int | None]) -> int:
        return max((v for v in values if v is not None), default=0)


class AvgKind(SignedKind):
    """avg(): total and count of each CPU; merged to (count, average, total)."""

    tag = "avg"
    size = 16
    leaves_trace = True
    message = "stats"

    def layout(self) -> tuple[tuple[str, int, str], ...]:
        return (("total", 0, "u64"), ("count", 8, "u64"))

    def decode(self, raw: Buffer, offset: int) -> tuple[int, int]:
        total, count = struct.unpack_from("<QQ", raw, offset)
        return total, count

    def merge(self, values: Sequence[tuple[int, int]]) -> tuple[int, int, int]:
        total = _wrap(sum(v[0] for v in values), self.signed)
        count = _wrap(sum(v[1] for v in values), self.signed)
        return count, quotient(total, count) if count > 0 else 0, total

    def scaled(self, value: tuple[int, int, int], divisor: int) -> tuple[int, int, int]:
        count, average, total = value
        return count, quotient(average, divisor), total

    def text(self, value: tuple[int, int, int]) -> str:
        return str(value[1])

    def json(self, value: tuple[int, int, int]) -> Any:
        return json_number(value[1])

    def rank(self, value: tuple[int, int, int]) -> int:
        return value[1]


class StatsKind(AvgKind):
    """stats(): as avg(), showing count, average and total."""

    tag = "stats"

    def text(self, value: tuple[int, int, int]) -> str:
        count, average, total = value
        return f"{{ .count = {count}, .average = {average}, .total = {total} }}"

    def json(self, value: tuple[int, int, int]) -> Any:
        return dict(zip(("count", "average", "total"), map(json_number, value)))
