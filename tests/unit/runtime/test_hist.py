"""Histograms: buckets, rows and labels. The expected text was printed by bpftrace 0.27."""

from __future__ import annotations

import pytest
from aotrace.runtime.values.hist import HistKind, HistogramKind, LhistKind, hist_buckets
from hypothesis import given
from hypothesis import strategies as st

I64 = st.integers(min_value=-(1 << 63), max_value=(1 << 63) - 1)


def log2_bucket(number: int, bits: int) -> int:
    """The rule of HistKind's docstring, which generated programs follow."""
    if number < 0:
        return 0
    if number < 1 << bits:
        return number + 1
    top = number.bit_length() - 1
    return ((top - bits + 1) << bits) + ((number >> (top - bits)) & ((1 << bits) - 1)) + 1


def linear_bucket(number: int, kind: LhistKind) -> int:
    """The rule of LhistKind's docstring."""
    if number < kind.minimum:
        return 0
    if number > kind.maximum:
        return (kind.maximum - kind.minimum) // kind.step + 1
    return (number - kind.minimum) // kind.step + 1


def shown(kind: HistogramKind, *buckets: int) -> list[str]:
    counts = [0] * kind.buckets
    for bucket in buckets:
        counts[bucket] += 1
    return [line.split("|")[0].rstrip() for line in kind.text(kind.merge([counts])).splitlines()]


@given(I64, st.integers(min_value=0, max_value=5))
def test_each_number_lies_between_its_buckets_edges(number: int, bits: int) -> None:
    kind = HistKind(bits)
    bucket = log2_bucket(number, bits)
    assert bucket < kind.buckets
    lower, upper = kind.edges(bucket)
    assert lower is None or lower[1] <= number
    assert upper is not None
    assert number < upper[1]


@given(I64, st.integers(-100, 100), st.integers(0, 5000), st.integers(1, 300))
def test_each_number_lies_between_its_linear_edges(
    number: int, minimum: int, width: int, step: int
) -> None:
    kind = LhistKind(minimum, minimum + width, step)
    bucket = linear_bucket(number, kind)
    assert bucket < kind.buckets
    lower, upper = kind.edges(bucket)
    assert lower is None or lower[1] <= number
    assert upper is None or number < upper[1]


@pytest.mark.parametrize("bits", range(6))
def test_the_largest_number_has_the_last_bucket(bits: int) -> None:
    assert log2_bucket((1 << 63) - 1, bits) == hist_buckets(bits) - 1


@pytest.mark.parametrize(
    ("kind", "numbers", "expected"),
    [
        (HistKind(0), [3, 5], ["[2, 4)                 1", "[4, 8)                 1"]),
        (HistKind(0), [-1], ["(..., 0)               1"]),
        (HistKind(0), [0, 1], ["[0]                    1", "[1]                    1"]),
        (HistKind(0), [1000], ["[512, 1K)              1"]),
        (HistKind(0), [1 << 20], ["[1M, 2M)               1"]),
        (HistKind(0), [1 << 62], ["[4E, 8E)               1"]),
        (HistKind(3), [15, 17, 18], ["[15]                   1", "[16, 18)               1",
                                     "[18, 20)               1"]),
        (HistKind(3), [1000, 1100], ["[960, 1024)            1", "[1024, 1152)           1"]),
        (HistKind(3), [8000], ["[7680, 8K)             1"]),
        (LhistKind(0, 10, 2), [-1], ["(..., 0)               1"]),
        (LhistKind(0, 10, 2), [9, 11], ["[8, 10)                1", "[10, ...)              1"]),
        (LhistKind(0, 10, 1), [3], ["[3]                    1"]),
        (LhistKind(0, 10, 3), [100, 9], ["[9, ...)               2"]),
        (LhistKind(0, 10240, 1024), [100], ["[0, 1K)                1"]),
        (LhistKind(0, 3145728, 524288), [2097152], ["[2M, 2560K)            1"]),
    ],
)  # fmt: skip
def test_rows(kind: HistogramKind, numbers: list[int], expected: list[str]) -> None:
    buckets = [
        linear_bucket(n, kind) if isinstance(kind, LhistKind) else log2_bucket(n, kind.bits)  # type: ignore[attr-defined]
        for n in numbers
    ]
    assert shown(kind, *buckets) == expected


def test_bars_are_as_long_as_single_precision_makes_them() -> None:
    kind = HistKind(0)
    text = kind.text((1, [3, 1, 0, 2]))
    assert [line.count("@") for line in text.splitlines()] == [52, 17, 0, 34]
    assert all(
        line.endswith("|") and len(line) == 16 + 8 + 2 + 52 + 1 for line in text.splitlines()
    )


def test_json_rows_contain_both_ends() -> None:
    assert HistKind(0).json((0, [1, 0, 2])) == [
        {"max": -1, "count": 1},
        {"min": 0, "max": 0, "count": 0},
        {"min": 1, "max": 1, "count": 2},
    ]
    assert LhistKind(0, 10, 2).json((5, [1, 1])) == [
        {"min": 8, "max": 9, "count": 1},
        {"min": 10, "count": 1},
    ]


def test_cpus_are_added_up_and_empty_ends_left_out() -> None:
    kind = HistKind(0)
    first = [0, 0, 1, *[0] * 62]
    second = [0, 0, 2, 0, 5, *[0] * 60]
    assert kind.merge([first, second]) == (2, [3, 0, 5])
    assert kind.rank((2, [3, 0, 5])) == 8


def test_an_empty_histogram_shows_nothing() -> None:
    kind = HistKind(0)
    assert kind.text(kind.merge([[0] * kind.buckets])) == ""


def test_a_divisor_keeps_the_rows() -> None:
    assert HistKind(0).scaled((2, [3, 0, 50]), 10) == (2, [0, 0, 5])
    assert LhistKind(0, 10, 2).scaled((2, [30]), 10) == (2, [30])


@pytest.mark.parametrize("make", [
    lambda: HistKind(6), lambda: HistKind(-1), lambda: LhistKind(0, 10, 0), lambda: LhistKind(5, 4,
    1),
])  # fmt: skip
def test_impossible_buckets_are_refused(make: object) -> None:
    with pytest.raises(ValueError, match=r"hist\(\) has|no buckets"):
        make()  # type: ignore[operator]
