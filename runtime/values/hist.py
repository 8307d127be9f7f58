"""Histograms: hist() by powers of two (finer with bits), lhist() linear.

A value is one u64 a bucket and CPU. Rows are shown from the first bucket that is not empty to the
last. The bucket rules are those of bpftrace (src/ast/passes/codegen_llvm.cpp: log2 and linear), the
rows and their labels those of src/types_format.cpp and src/output/text.cpp.
"""

from __future__ import annotations

import struct

from aotrace.runtime.values.aggregates import AggregateKind
from aotrace.runtime.values.base import json_number, quotient

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, Union

    from aotrace.runtime.values.base import Buffer

    #: A bucket's edge: (shown, number). An edge shown by the number itself is plain, one with a
    #: suffix is not.
    Edge = tuple[Union[int, str], int]
    #: lower edge, upper edge (None: open), count
    Row = tuple[Union[Edge, None], Union[Edge, None], int]
    #: What a merged histogram is: the first bucket that is shown, and the counts from there on.
    Shown = tuple[int, list[int]]

BAR_WIDTH = 52
_SUFFIXES = ("", "K", "M", "G", "T", "P", "E")
_KILO = 1024
_MEGA = 1024 * 1024


class HistogramKind(AggregateKind):
    """Buckets of u64."""

    buckets: int
    multiline = True
    leaves_trace = True
    message = "hist"

    def layout(self) -> tuple[tuple[str, int, str], ...]:
        return (("", 0, f"u64[{self.buckets}]"),)

    def decode(self, raw: Buffer, offset: int) -> tuple[int, ...]:
        return struct.unpack_from(f"<{self.buckets}Q", raw, offset)

    def merge(self, values: Sequence[Any]) -> Shown:
        """The sums of all CPUs, from the first filled bucket to the last."""
        total = [sum(column) for column in zip(*values)]
        filled = [index for index, count in enumerate(total) if count]
        return (filled[0], total[filled[0] : filled[-1] + 1]) if filled else (0, [])

    def rank(self, value: Shown) -> int:
        """Histograms of a map come in the order of their totals."""
        return sum(value[1])

    def edges(self, index: int) -> tuple[Edge | None, Edge | None]:
        """The lower edge of a bucket and the upper one, which it does not contain; None is open."""
        raise TypeError(f"{self.tag}: no edges")

    def rows(self, value: Shown) -> list[Row]:
        first, counts = value
        return [(*self.edges(index), count) for index, count in enumerate(counts, first)]

    def text(self, value: Shown) -> str:
        largest = max(value[1], default=0)
        return "".join(
            f"{_interval(lower, upper):<16}{count:8} |{'@' * _bar(count, largest):<{BAR_WIDTH}}|\n"
            for lower, upper, count in self.rows(value)
        )

    def json(self, value: Shown) -> Any:
        return [_json_row(*row) for row in self.rows(value)]


class HistKind(HistogramKind):
    """hist(n, bits): 2**bits buckets for each power of two.

    The bucket of an i64 `n` (a u64 is read as one), with k = bits, 0 to 5:

        n < 0           0
        n < 2**k        n + 1
        otherwise       ((l - k + 1) << k) + ((n >> (l - k)) & (2**k - 1)) + 1
                        where l is the number of n's highest bit set, counted from 0

    so with k = 0: 0 is in bucket 1, 1 in 2, 2 and 3 in 3, 4 to 7 in 4. The last bucket is
    (64 - k) << k.
    """

    tag = "hist"
    fields = {"bits": int}

    def __init__(self, bits: int) -> None:
        if not 0 <= bits <= 5:
            raise ValueError(f"hist() has 0 to 5 bits, not {bits}")
        self.bits = bits
        self.buckets = hist_buckets(bits)
        self.size = self.buckets * 8

    def type_name(self) -> str:
        return "hist_t"

    def scaled(self, value: Shown, divisor: int) -> Shown:
        return value[0], [count // divisor for count in value[1]]

    def edges(self, index: int) -> tuple[Edge | None, Edge | None]:
        return (self._edge(index - 1) if index else None), self._edge(index)

    def _edge(self, index: int) -> Edge:
        """Where bucket `index` ends; up to 2 * 2**k the buckets hold one number each."""
        if index <= 2 << self.bits:
            return index, index
        power = (index >> self.bits) - 1
        steps = (1 << self.bits) + (index & ((1 << self.bits) - 1))
        return f"{steps << power % 10}{_SUFFIXES[power // 10]}", steps << power


class LhistKind(HistogramKind):
    """lhist(n, minimum, maximum, step): buckets of `step` numbers.

    The bucket of an i64 `n` (a u64 is read as one), compared as signed:

        n < minimum     0
        n > maximum     (maximum - minimum) / step + 1
        otherwise       (n - minimum) / step + 1

    The last bucket is that of n > maximum; `maximum` itself is in it when the steps fill the range.
    """

    tag = "lhist"
    fields = {"minimum": int, "maximum": int, "step": int}

    def __init__(self, minimum: int, maximum: int, step: int) -> None:
        if step <= 0 or maximum < minimum:
            raise ValueError(f"no buckets from {minimum} to {maximum} by {step}")
        self.minimum, self.maximum, self.step = minimum, maximum, step
        self.buckets = (maximum - minimum) // step + 2
        self.size = self.buckets * 8

    def type_name(self) -> str:
        return "lhist_t"

    def edges(self, index: int) -> tuple[Edge | None, Edge | None]:
        end = self.minimum + index * self.step
        lower = self._edge(end - self.step) if index else None
        return lower, (self._edge(end) if end <= self.maximum else None)

    def _edge(self, number: int) -> Edge:
        if self.step % _KILO or number == 0:
            return (number if self.step % _KILO else str(number)), number
        if number % _MEGA == 0:
            return f"{quotient(number, _MEGA)}M", number
        if number % _KILO == 0:
            return f"{quotient(number, _KILO)}K", number
        return str(number), number


def hist_buckets(bits: int) -> int:
    """How many buckets hist() with 0 to 5 bits has: one for negatives, then 2**bits an octave."""
    return ((64 - bits) << bits) + 1


def _interval(lower: Edge | None, upper: Edge | None) -> str:
    """`[0]`, `[1K, 2K)`, `(..., 0)` or `[10, ...)`.

    Only plain numbers show a bucket of one number as `[n]`.
    """
    if lower is None:
        return f"(..., {upper[0] if upper else '...'})"
    if upper is None:
        return f"[{lower[0]}, ...)"
    if upper[0] == lower[1] + 1 and lower[0] == lower[1]:
        return f"[{lower[0]}]"
    return f"[{lower[0]}, {upper[0]})"


def _bar(count: int, largest: int) -> int:
    """Width of a row's bar, in the single precision that bpftrace computes it with."""
    return int(_single(_single(_single(count) / _single(largest)) * BAR_WIDTH)) if count else 0


def _single(value: float) -> float:
    rounded: float = struct.unpack("<f", struct.pack("<f", value))[0]
    return rounded


def _json_row(lower: Edge | None, upper: Edge | None, count: int) -> dict[str, Any]:
    """Both ends of a row belong to it."""
    row: dict[str, Any] = {}
    if lower is not None:
        row["min"] = json_number(lower[1])
    if upper is not None:
        row["max"] = json_number(upper[1] - 1)
    return {**row, "count": count}
