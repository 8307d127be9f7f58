"""What is written into .rodata, and the counter that is read from .bss."""

from __future__ import annotations

import struct
import time
from typing import Any

import pytest
from aotrace.loader import settings
from aotrace.loader.errors import ObjectError
from aotrace.loader.lost import LostEvents
from aotrace.loader.owned import Owned
from aotrace.runtime.metadata import Setting
from aotrace.runtime.values.ints import IntKind

from tests.unit.loader.fakes import DictMap

U64 = IntKind(8, False)


class Rodata:
    """An opened object with 16 bytes of .rodata."""

    def __init__(self) -> None:
        self.bytes = bytearray(b"\xff" * 16)

    def map(self, name: str) -> Any:
        return self if name == ".rodata" else None

    def memory(self) -> memoryview:
        return memoryview(self.bytes)


def test_settings_are_written_where_they_belong() -> None:
    bpf: Any = Rodata()
    known = settings.values(1234, 0, 2)
    settings.write(bpf, [Setting("target_pid", 8, U64), Setting("start_boot", 0, U64)], known)
    start, pid = struct.unpack("<QQ", bpf.bytes)
    assert pid == 1234
    now = time.clock_gettime_ns(time.CLOCK_BOOTTIME)
    assert now - 10**9 < start <= now


@pytest.mark.parametrize("setting", [Setting("future", 0, U64), Setting("target_pid", 9, U64)])
def test_settings_that_are_unknown_or_out_of_place(setting: Setting) -> None:
    bpf: Any = Rodata()
    with pytest.raises(ObjectError, match="unknown setting"):
        settings.write(bpf, [setting], settings.values(0, 0, 1))


class Reports:
    def __init__(self) -> None:
        self.lost_events: list[int] = []

    def lost(self, events: int) -> None:
        self.lost_events.append(events)


def test_losses_are_reported_as_they_grow() -> None:
    bss, output = DictMap({bytes(4): struct.pack("<QQ", 0, 3)}, 4, 16), Reports()
    lost = LostEvents(bss, 8, output)  # type: ignore[arg-type]
    lost.report(now=True)
    lost.report(now=True)
    bss.entries[bytes(4)] = struct.pack("<QQ", 0, 10)
    lost.report()
    assert output.lost_events == [3]
    lost.report(now=True)
    assert output.lost_events == [3, 7]
    assert lost.total == 10


def test_losses_elsewhere_count_too() -> None:
    bss, output = DictMap({bytes(4): struct.pack("<Q", 3)}, 4, 8), Reports()
    lost = LostEvents(bss, 0, output)  # type: ignore[arg-type]
    lost.elsewhere = 4
    lost.report(now=True)
    assert output.lost_events == [7]


def test_an_object_without_a_counter_loses_nothing() -> None:
    output = Reports()
    LostEvents(None, 0, output).report(now=True)  # type: ignore[arg-type]
    assert output.lost_events == []


def test_what_is_owned_is_closed_backwards() -> None:
    closed: list[int] = []

    class Thing:
        def __init__(self, number: int) -> None:
            self.number = number

        def close(self) -> None:
            closed.append(self.number)

    def fail() -> None:
        with Owned() as owned:
            owned.own(Thing(1))
            owned.own(Thing(2))
            raise ObjectError("stop")

    with pytest.raises(ObjectError, match="stop"):
        fail()
    assert closed == [2, 1]
