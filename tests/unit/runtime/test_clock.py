"""Wall-clock text."""

from __future__ import annotations

import time

import pytest
from aotrace.runtime.clock import format_now, format_wall, wall_nanoseconds


def test_fractions_of_the_second() -> None:
    text = format_wall("%f %l %k", 1_700_000_000_123_456_789)
    assert text == "123456 123 123456789"


def test_local_time() -> None:
    at = 1_700_000_000
    expected = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(at))
    assert format_wall("%Y-%m-%d %H:%M:%S", at * 1_000_000_000) == expected


@pytest.mark.parametrize(
    ("clock", "now"),
    [
        ("boot", lambda: time.clock_gettime_ns(time.CLOCK_BOOTTIME)),
        ("monotonic", time.monotonic_ns),
        ("wall", time.time_ns),
    ],
)
def test_clocks_lead_to_the_wall_clock(clock: str, now: object) -> None:
    shown = wall_nanoseconds(now(), clock)  # type: ignore[operator]
    assert abs(shown - time.time_ns()) < 1_000_000_000


def test_equal_times_stay_equal() -> None:
    assert wall_nanoseconds(5, "boot") == wall_nanoseconds(5, "boot")


def test_time_knows_no_fractions() -> None:
    assert format_now("%%|").endswith("|")
    assert len(format_now("%H:%M:%S")) == 8


def test_no_text_is_shown_as_such() -> None:
    assert format_wall("", 0) == "(?)"
