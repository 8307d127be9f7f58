"""Runs of `--test` and `--bench`: the test or bench programs, one by one, and a report."""

from __future__ import annotations

import time

from aotrace.loader.actions import Stage, make_handlers
from aotrace.loader.attach.mechanism import BENCH, TEST
from aotrace.loader.output.text import TextOutput
from aotrace.loader.pump import Pump

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from aotrace.loader.actions import Output
    from aotrace.loader.console import Console
    from aotrace.loader.libbpf.handles import Object
    from aotrace.loader.lost import LostEvents
    from aotrace.loader.maps import ScriptMap
    from aotrace.loader.output.sink import Sink
    from aotrace.loader.probes import Probes
    from aotrace.loader.ring import Ring
    from aotrace.loader.services import Services
    from aotrace.loader.signals import Signals
    from aotrace.runtime.metadata import Event

_LONG_ENOUGH = 1_000_000  # nanoseconds that a benchmark runs for at least
#: Up to how many nanoseconds of a run: how many times as often the next one repeats.
_STEPS = ((1_000, 1_000), (10_000, 100), (100_000, 10), (_LONG_ENOUGH, 2))


class Held:
    """Stands for a sink: what one trial prints, kept until it is known how it ended."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def write(self, data: bytes) -> None:
        self._pieces.append(data)

    def settle(self) -> None:
        """Nothing goes anywhere."""

    def taken(self) -> bytes:
        """What was printed since the last time."""
        data = b"".join(self._pieces)
        self._pieces.clear()
        return data


class Trials:
    """The programs of one phase and what their events are handled by.

    After a signal no more of them are run.
    """

    def __init__(
        self,
        bpf: Object,
        probes: Probes,
        events: Sequence[Event],
        ring: Ring,
        maps: Sequence[ScriptMap],
        lost: LostEvents,
        services: Services,
        signals: Signals,
    ) -> None:
        self._bpf = bpf
        self._probes = probes
        self._held = Held()
        silent = TextOutput(self._held, lambda text: None)  # type: ignore[arg-type]  # as a sink
        self._stage = Stage(silent, maps, ring.lead, services)
        self._signals = signals
        signals.late = self._stage.hurry
        handlers = make_handlers(events, self._stage)
        self._pump = Pump(ring, handlers, self._held, lost)  # type: ignore[arg-type]  # as a sink

    def test(self, output: Output) -> bool:
        """Run every test once: whether all passed. One passes that returns 0 and exits with 0."""
        programs = self._probes.of(TEST)
        names = [program.target["name"] for program in programs]
        passed: list[bool] = []
        for index, program in enumerate(programs):
            if self._signals.received:
                return False
            start = time.perf_counter_ns()
            returned = self._bpf.programs[program.name].run()
            duration = time.perf_counter_ns() - start
            status = self._settle()
            passed.append(returned == 0 and status == 0)
            output.test_result(names, index, duration, passed, self._held.taken())
        return all(passed)

    def bench(self, output: Output, console: Console) -> bool:
        """Measure every benchmark: whether none failed. One that returns another number than 0 is
        left out."""
        programs = self._probes.of(BENCH)
        names = [program.target["name"] for program in programs]
        whole, first = True, True
        for name, program in zip(names, programs):
            if self._signals.received:
                return False
            times, average, status = self._measure(program.name)
            if status:
                console.error(f"Benchmark '{name}' failed.")
                whole = False
            elif times:
                output.bench_result(names, name, average, times, first)
                first = False
        return whole

    def _measure(self, program: str) -> tuple[int, int, int]:
        """(how often it was run, nanoseconds of one run, exit status); (0, …) if it asks to be left
        out."""
        times = 1
        while True:
            returned, average = self._bpf.programs[program].measure(times)
            status = self._settle()
            self._held.taken()
            if status == 0 and returned:
                return 0, 0, 0
            total = average * times
            factor = next((more for most, more in _STEPS if total < most), 0)
            if not factor:
                return times, average, status
            times *= factor

    def _settle(self) -> int:
        """Handle what a program sent; the status that it exits with."""
        self._pump.drain()
        status, self._stage.status = self._stage.status, 0
        return status


def run(trials: Trials, mode: str, output: Output, console: Console, sink: Sink) -> bool:
    """Whether all of it went well."""
    whole = trials.test(output) if mode == "test" else trials.bench(output, console)
    sink.flush()
    return whole
