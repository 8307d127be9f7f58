"""Histograms: hist() by powers of two (finer with bits), lhist() linear.

A value is one u64 a bucket and CPU. `bounds` gives the buckets' edges; rows are shown from the first bucket
that is not empty to the last.
"""

from __future__ import annotations

import struct
from typing import Any

from aotrace.runtime.values.aggregates import AggregateKind
from aotrace.runtime.values.base import Buffer, Spec

BAR_WIDTH = 52


class HistogramKind(AggregateKind):
    """Buckets of u64."""

    buckets: int

    def layout(self) -> tuple[tuple[str, int, str], ...]:
        return (("", 0, f"u64[{self.buckets}]"),)

    def decode(self, raw: Buffer, offset: int) -> tuple[int, ...]:
        return struct.unpack_from(f"<{self.buckets}Q", raw, offset)

    def merge(self, values: list[tuple[int, ...]]) -> list[int]:
        return [sum(column) for column in zip(*values)]

    def order(self, value: list[int]) -> int:
        return sum(value)


class HistKind(HistogramKind):
    """hist(n, bits): bucket 0 negative, then 2**bits exact small values, then 2**bits steps an octave."""

    tag = "hist"

    def __init__(self, bits: int) -> None:
        self.bits = bits
        self.buckets = hist_buckets(bits)
        self.size = self.buckets * 8

    def parameters(self) -> Spec:
        return {"bits": self.bits}


class LhistKind(HistogramKind):
    """lhist(n, min, max, step): bucket 0 below min, last at or above max."""

    tag = "lhist"

    def __init__(self, minimum: int, maximum: int, step: int) -> None:
        self.minimum, self.maximum, self.step = minimum, maximum, step
        self.buckets = (maximum - minimum) // step + 2
        self.size = self.buckets * 8

    def parameters(self) -> Spec:
        return {"minimum": self.minimum, "maximum": self.maximum, "step": self.step}


def hist_buckets(bits: int) -> int:
    """How many buckets hist() with 0 to 5 bits has: one for negatives, then the octaves of 64 bits."""
    return ((64 - bits + 1) << bits) + 1
