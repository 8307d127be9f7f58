"""Attach points as words: periods, functions, parameters in them."""

from __future__ import annotations

import pytest
from aotrace.runtime import points


@pytest.mark.parametrize(
    ("parts", "period"),
    [
        (["interval", "s", "5"], 5_000_000_000),
        (["interval", "ms", "1_0"], 10_000_000),
        (["interval", "us", "7"], 7_000),
        (["interval", "hz", "4"], 250_000_000),
        (["interval", "5s"], 5_000_000_000),
        (["interval", "2m"], 120_000_000_000),
        (["interval", "1_000"], 1000),
        (["interval", "7d"], 604_800_000_000_000),
        (["interval"], None),
        (["interval", "s"], None),
        (["interval", "5x"], None),
        (["interval", ""], None),
        (["interval", "s", "1", "2"], None),
    ],
)
def test_periods(parts: list[str], period: int | None) -> None:
    assert points.period_ns(parts) == period


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        (["interval", "year", "5"], "`year` is not a unit of interval"),
        (["interval", "s", ""], "`` is not a period"),
        (["interval", "s", "x"], "`x` is not a period"),
        (["interval", "s", "-1"], "`-1` is not a period"),
        (["interval", "s", "0"], "`0` is not a period"),
        (["interval", "hz", "0"], "`0` is not a period"),
        (["interval", "hz", "2000000000"], "`2000000000` is not a period"),
        (["interval", "s", "9223372037"], "`9223372037` is not a period"),
    ],
)
def test_what_is_no_period(parts: list[str], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        points.period_ns(parts)


@pytest.mark.parametrize(
    ("parts", "found"),
    [
        (["kprobe", "vfs_read"], ("vfs_read", 0)),
        (["kprobe", "f.constprop.0"], ("f.constprop.0", 0)),
        (["kprobe", "f+0x10"], ("f", 16)),
        (["kprobe", "f+010"], ("f", 10)),
        (["kprobe", "f+"], None),
        (["kprobe", "f+x"], None),
        (["kprobe", "f+-1"], None),
        (["kprobe", "f+1_0"], None),
        (["kprobe", "f+ff"], None),
        (["kprobe", "f+0xFf"], ("f", 255)),
        (["kprobe", "f+0x"], None),
        (["kprobe", ""], None),
        (["kprobe", "1f"], None),
        (["kprobe", "a b"], None),
        (["kprobe"], None),
        (["kprobe", "m", "f"], None),
    ],
)
def test_functions(parts: list[str], found: tuple[str, int] | None) -> None:
    assert points.function_of(parts) == found


def test_parameters_are_put_in() -> None:
    point: list[points.Part] = [["kprobe"], ["tcp_", 2, "_", 1]]
    assert points.fill(point, ["a", "b"]) == ["kprobe", "tcp_b_a"]
    assert points.fill(point, ["a"]) == ["kprobe", "tcp__a"]
    assert points.fill([["tracepoint"], [1]], ["sched:x"]) == ["tracepoint", "sched", "x"]
    assert points.parameters(point) == [1, 2]
