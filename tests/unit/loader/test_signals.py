"""How long after a signal what is queued is still worked off."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator

import pytest
from aotrace.loader import signals
from aotrace.loader.signals import Signals

_GRACE = 0.05  # seconds
_NUMBERS = (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1, signal.SIGALRM)


@pytest.fixture
def late() -> list[bool]:
    return []


@pytest.fixture
def asked(late: list[bool], monkeypatch: pytest.MonkeyPatch) -> Iterator[Signals]:
    monkeypatch.setattr(signals, "_GRACE", _GRACE)
    before = {number: signal.getsignal(number) for number in _NUMBERS}
    found = Signals(lambda: late.append(True))
    yield found
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.set_wakeup_fd(-1)
    for number, handler in before.items():
        signal.signal(number, handler)
    os.close(found.fd)
    os.close(found._wake)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_starts_the_clock(asked: Signals, late: list[bool], number: int) -> None:
    os.kill(os.getpid(), number)
    assert (asked.received, late) == (True, [])
    time.sleep(2 * _GRACE)
    assert late == [True]


def test_the_clock_stands_while_the_kernel_detaches(asked: Signals, late: list[bool]) -> None:
    os.kill(os.getpid(), signal.SIGINT)
    asked.pause()
    time.sleep(2 * _GRACE)
    assert late == []
    asked.resume()
    assert late == []
    time.sleep(2 * _GRACE)
    assert late == [True]


def test_what_ends_by_itself_has_no_clock(asked: Signals, late: list[bool]) -> None:
    asked.pause()
    asked.resume()
    time.sleep(2 * _GRACE)
    assert (asked.received, late) == (False, [])


def test_sigusr1_is_told_once(asked: Signals) -> None:
    os.kill(os.getpid(), signal.SIGUSR1)
    assert [asked.taken(), asked.taken(), asked.received] == [True, False, False]
