"""Tests and benchmarks: how one is judged, how often it is repeated, what is reported."""

from __future__ import annotations

from typing import Any

import pytest
from aotrace.loader.console import Console
from aotrace.loader.output.json import JsonOutput
from aotrace.loader.output.text import TextOutput
from aotrace.loader.trials import Trials

from tests.unit.loader.fakes import Kept

GREEN, RED, PLAIN = "\033[32m", "\033[31m", "\033[0m"


class Program:
    """Returns `value`, exits with `status`, prints `says`; one run takes `ns`."""

    def __init__(self, name: str, value: int = 0, status: int = 0, says: bytes = b"", ns: int = 9):
        self.name = name
        self.target = {"name": name}
        self.value, self.status, self.says, self.ns = value, status, says, ns
        self.runs: list[int] = []
        self.trials: Any = None

    def run(self) -> int:
        self.trials._held.write(self.says)
        self.trials._stage.status = self.status
        return self.value

    def measure(self, times: int) -> tuple[int, int]:
        self.runs.append(times)
        return self.run(), self.ns


class Quiet:
    """Nothing comes through the ring."""

    lead = 0

    def drain(self) -> None:
        pass


class Silence:
    """No signal comes."""

    received = False


def trials_of(*programs: Program) -> Trials:
    class Probes:
        def of(self, phase: str) -> list[Program]:
            return list(programs)

    class Object:
        programs = {program.name: program for program in all_programs}

    nothing: Any = None
    found = Trials(Object, Probes(), [], Quiet(), [], nothing, nothing, Silence())  # type: ignore[arg-type]
    found._pump = Quiet()  # type: ignore[assignment]
    for program in programs:
        program.trials = found
    return found


all_programs: list[Program] = []


@pytest.fixture(autouse=True)
def _known() -> None:
    all_programs.clear()


def made(*programs: Program) -> Trials:
    all_programs.extend(programs)
    return trials_of(*programs)


def shown(sink: Kept) -> list[str]:
    text = sink.data.decode().replace(GREEN, "").replace(RED, "").replace(PLAIN, "")
    return [line.partition(" (")[0] for line in text.splitlines()]


def test_a_test_passes_that_returns_0_and_exits_with_0() -> None:
    sink = Kept()
    output = TextOutput(sink, lambda text: None)
    tests = made(
        Program("good", says=b"hidden\n"),
        Program("returns", value=1, says=b"why\n\nso\n"),
        Program("exits", status=3),
    )
    assert not tests.test(output)
    assert shown(sink) == [
        "[==========] Running 3 tests.",
        "[ RUN      ] good", "[       OK ] good",
        "[ RUN      ] returns", "why", "so", "[  FAILED  ] returns",
        "[ RUN      ] exits", "[  FAILED  ] exits",
        "[==========] 3 tests ran.",
        "[  PASSED  ] 1 test.",
        "[  FAILED  ] 2 tests, listed below:", "[  FAILED  ] returns", "[  FAILED  ] exits",
    ]  # fmt: skip


def test_all_pass() -> None:
    sink = Kept()
    assert made(Program("one")).test(TextOutput(sink, lambda text: None))
    assert shown(sink)[-2:] == ["[==========] 1 test ran.", "[  PASSED  ] 1 test."]


def test_none_is_run_after_a_signal() -> None:
    sink = Kept()
    tests = made(Program("one"), Program("two"))
    run = all_programs[0].run

    def interrupted() -> int:
        tests._signals.received = True
        return run()

    all_programs[0].run = interrupted  # type: ignore[method-assign]
    assert not tests.test(TextOutput(sink, lambda text: None))
    assert shown(sink)[-1] == "[       OK ] one"


def test_json_has_what_was_said_in_any_case() -> None:
    sink = Kept()
    made(Program("good", says=b"hi\n")).test(JsonOutput(sink))
    assert b'"passed": true, "output": "hi\\n"' in sink.data


def test_a_benchmark_runs_for_a_millisecond() -> None:
    program = Program("fast", ns=50)
    sink = Kept()
    assert made(program).bench(TextOutput(sink, lambda text: None), Console())
    assert program.runs == [1, 1000, 10_000, 20_000]
    header, line, row = sink.data.decode().splitlines()
    assert header.split() == ["Benchmark", "Time(ns)", "Iterations"]
    assert line == "-" * len(header)
    assert row.split() == ["fast", "50", "20000"]


def test_one_that_returns_a_number_is_left_out() -> None:
    sink = Kept()
    trials = made(Program("skips", value=1), Program("slow", ns=2_000_000))
    assert trials.bench(JsonOutput(sink), Console())
    assert sink.data.count(b"\n") == 1
    assert b'{"slow": {"average": 2000000, "iters": 1}}' in sink.data


def test_one_that_exits_has_failed(capfd: pytest.CaptureFixture[str]) -> None:
    sink = Kept()
    assert not made(Program("bad", status=2, ns=2_000_000)).bench(JsonOutput(sink), Console())
    assert (sink.data, capfd.readouterr().err) == (b"", "ERROR: Benchmark 'bad' failed.\n")
