"""Actions: what each event makes the loader do, and in order."""

from __future__ import annotations

import struct
from typing import Any

import pytest
from aotrace.loader.actions import ACTIONS, Stage, make_handlers
from aotrace.loader.errors import ObjectError
from aotrace.loader.maps import ScriptMap
from aotrace.loader.output.text import TextOutput
from aotrace.runtime.metadata import Event, Map
from aotrace.runtime.values.ints import IntKind
from aotrace.runtime.values.strings import StrKind

from tests.unit.loader.fakes import DictMap, Kept

S64 = IntKind(8, True)
EVENTS = [
    Event("printf", 16, [(8, S64)], {"format": "n %d\n"}, 1),
    Event("print", 24, [(8, StrKind(16))], {}, 1),
    Event("print_map", 8, [], {"map": 0, "top": None, "div": None}, 1),
    Event("clear", 8, [], {"map": 0}, 1),
    Event("zero", 8, [], {"map": 0}, 1),
    Event("exit", 16, [(8, IntKind(1, True))], {}, 1),
    Event("time", 8, [], {"format": "%%|"}, 1),
    Event("print_map", 8, [], {"map": 1, "top": 1, "div": 2}, 1),
]


class Run:
    """Handlers over two maps, `@` with one entry and the keyed `@k` with two."""

    def __init__(self) -> None:
        self.sink = Kept()
        scalar = DictMap({bytes(4): struct.pack("<q", 5)}, 4, 8)
        keyed = DictMap({struct.pack("<q", k): struct.pack("<q", 10 * k) for k in (1, 2)}, 8, 8)
        maps: list[Any] = [
            ScriptMap(Map("at", "@", None, S64, 1, False), scalar, 1),  # type: ignore[arg-type]
            ScriptMap(Map("at_k", "@k", S64, S64, 9, False), keyed, 1),  # type: ignore[arg-type]
        ]
        self.stage = Stage(TextOutput(self.sink, lambda line: None), maps, 8)
        self.handlers = make_handlers(EVENTS, self.stage)

    def send(self, event: int, *payloads: bytes) -> Any:
        size = EVENTS[event].size
        records = (
            bytes(8) + (struct.pack("<Q", event) + data).ljust(size, b"\0") for data in payloads
        )
        return self.handlers[event](memoryview(b"".join(records)), 0, len(payloads))


def test_everything_in_order() -> None:
    run = Run()
    run.send(0, struct.pack("<q", 1), struct.pack("<q", 2))
    run.send(1, b"text")
    run.send(2, b"")
    run.send(4, b"")
    run.send(2, b"")
    run.send(3, b"")
    run.send(2, b"")
    run.send(7, b"")
    run.send(6, b"", b"")
    assert run.sink.data.decode() == "n 1\nn 2\ntext\n@: 5\n@: 0\n@: 0\n@k[2]: 10\n%|%|"


@pytest.mark.parametrize(("code", "status"), [(b"\3", 3), (b"\xff", -1), (b"\0", 0)])
def test_exit_stops_at_the_first(code: bytes, status: int) -> None:
    run = Run()
    assert not run.send(0, bytes(8))
    assert run.send(5, code, b"\x11")
    assert run.stage.status == status


def test_what_is_late_is_dropped_but_for_what_maps_and_the_status_rest_on() -> None:
    run = Run()
    run.stage.hurry()
    run.stage.spare = 0
    run.send(1, b"text", b"more")
    run.send(2, b"")
    run.send(6, b"")
    run.send(3, b"")
    assert run.send(5, b"\3")
    assert (run.sink.data, run.stage.dropped, run.stage.status) == (b"", 4, 3)
    run.stage.late = False
    run.send(2, b"")
    assert run.sink.data == b"@: 0\n"


def test_however_late_it_is_some_lines_are_done_still() -> None:
    run = Run()
    run.stage.hurry()
    run.stage.spare = 53
    run.send(2, b"")
    run.send(1, *[b"text"] * 4)
    assert (run.sink.data, run.stage.dropped) == (b"@: 5\n" + b"text\n" * 3, 1)


@pytest.mark.parametrize(
    "event",
    [
        Event("dance", 8, [], {}, 1),
        Event("printf", 8, [], {}, 1),
        Event("printf", 8, [], {"format": "%d"}, 1),
        Event("print", 8, [], {}, 1),
        Event("clear", 8, [], {"map": 7}, 1),
        Event("clear", 8, [], {"map": "0"}, 1),
        Event("print_map", 8, [], {"map": 0}, 1),
    ],
)
def test_what_is_not_understood(event: Event) -> None:
    stage = Run().stage
    with pytest.raises(ObjectError, match="not understood"):
        make_handlers([event], stage)


def test_an_event_that_nobody_described() -> None:
    with pytest.raises(ObjectError, match="an event 99"):
        Run().handlers[99](memoryview(b""), 0, 1)


def test_names_are_unique() -> None:
    assert len({action.name for action in ACTIONS}) == len(ACTIONS)
