"""Output as bpftrace's default one prints it (src/output/text.cpp)."""

from __future__ import annotations

from aotrace.runtime.printf import encode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from aotrace.loader.maps import Row
    from aotrace.loader.output.failures import Failure
    from aotrace.loader.output.sink import Sink
    from aotrace.loader.records import RecordFormat
    from aotrace.runtime.metadata import Map
    from aotrace.runtime.values import Kind


_GREEN, _RED, _PLAIN = "\033[32m", "\033[31m", "\033[0m"
_NAME_WIDTH, _TIME_WIDTH = 40, 15
_UNITS = ((1_000_000_000, "s"), (1_000_000, "ms"), (1_000, "μs"), (1, "ns"))


class TextOutput:
    """Lines for people: what scripts print goes to the sink, what the loader says to `errors`.

    `warn` takes what may be switched off.
    """

    def __init__(
        self, sink: Sink, errors: Callable[[str], None], warn: Callable[[str], None] | None = None
    ) -> None:
        self._sink = sink
        self._errors = errors
        self._warn = warn or errors

    def attached(self, probes: int) -> None:
        self._errors(f"Attached {probes} probe{'' if probes == 1 else 's'}")

    def lost(self, events: int) -> None:
        self._errors(f"Lost {events} events")

    def printer(self, layout: RecordFormat) -> Callable[[Any, int, int], None]:
        """What prints runs of one printf event: (records, offset of the first, how many)."""
        write, text = self._sink.write, layout.text

        def show(data: Any, offset: int, count: int) -> None:
            write(text(data, offset, count))

        return show

    def value(self, kind: Kind, value: Any) -> None:
        self._sink.write(encode(kind.text(value) + "\n"))

    def message(self, kind: str, severity: str, details: dict[str, Any], text: bytes) -> None:
        """What the script says of one of its places: to the person, not among what is traced."""
        shown = text.decode("utf-8", "surrogateescape")
        self._errors(f"{details['file']}:{details['place']}: {severity}: {shown}")
        if "uses" in details:
            from aotrace.loader.output.failures import expansions  # few scripts need it

            for use in expansions(details["uses"], details["lines"], severity):
                self._errors(use)

    def shell(self, text: bytes) -> None:
        """What a command of the script's said, and an end of line, as bpftrace has it."""
        self._sink.write(text + b"\n")

    def file(self, text: bytes) -> None:
        self._sink.write(text)

    def join(self, text: str) -> None:
        self._sink.write(encode(text + "\n"))

    def time(self, text: str) -> None:
        self._sink.write(encode(text))

    def map(self, record: Map, rows: list[Row]) -> None:
        """One line an entry. A value of several lines has its own and an empty one after them."""
        colon = ":\n" if record.value.multiline else ": "
        text = record.value.text
        if record.key is None:
            lines = [f"{record.label}{colon}{text(value)}\n" for _, value in rows]
        else:
            label, colon = f"{record.label}[", f"]{colon}"
            keys = record.key.key_texts([key for key, _ in rows])
            values = record.value.text_many([value for _, value in rows])
            lines = [f"{label}{key}{colon}{value}\n" for key, value in zip(keys, values)]
        self._sink.write(encode("".join(lines)))

    def failure(self, failure: Failure) -> None:
        for text in failure.texts():
            self._warn(text)

    def test_result(
        self, names: Sequence[str], index: int, duration: int, passed: Sequence[bool], said: bytes
    ) -> None:
        """One test, as GoogleTest has it; a summary after the last."""
        name, write = names[index], self._sink.write
        lines = [] if index else [f"{_GREEN}[==========]{_PLAIN} Running {len(names)} tests."]
        lines.append(f"{_GREEN}[ RUN      ]{_PLAIN} {name}")
        write(encode("".join(f"{line}\n" for line in lines)))
        if not passed[index]:
            write(b"".join(line + b"\n" for line in said.split(b"\n") if line))
        how = f"{_GREEN}[       OK ]" if passed[index] else f"{_RED}[  FAILED  ]"
        lines = [f"{how}{_PLAIN} {name} ({_duration(duration)})"]
        if index == len(names) - 1:
            lines += _summary(names, passed)
        write(encode("".join(f"{line}\n" for line in lines)))

    def bench_result(
        self, names: Sequence[str], name: str, average: int, times: int, first: bool
    ) -> None:
        """One benchmark, a row of a table: nanoseconds of one run, and how many runs there were."""
        width = max(_NAME_WIDTH, *map(len, names)) + 1
        rows = []
        if first:
            rows.append(f"{'Benchmark':<{width}}{'Time(ns)':<{_TIME_WIDTH}}Iterations")
            rows.append("-" * len(f"{'':<{width + _TIME_WIDTH}}Iterations"))
        rows.append(f"{name:<{width}}{average:<{_TIME_WIDTH}}{times}")
        self._sink.write(encode("".join(f"{row}\n" for row in rows)))

    def end(self) -> None:
        self._sink.write(b"\n\n")


def _duration(ns: int) -> str:
    """Whole units, of the greatest that there is one of."""
    scale, unit = next((pair for pair in _UNITS if ns >= pair[0]), _UNITS[-1])
    return f"{ns // scale} {unit}"


def _summary(names: Sequence[str], passed: Sequence[bool]) -> list[str]:
    good = passed.count(True)
    failed = [name for name, fine in zip(names, passed) if not fine]
    lines = [
        f"{_GREEN}[==========]{_PLAIN} {_tests(len(names))} ran.",
        f"{_GREEN}[  PASSED  ]{_PLAIN} {_tests(good)}.",
    ]
    if failed:
        lines.append(f"{_RED}[  FAILED  ]{_PLAIN} {_tests(len(failed))}, listed below:")
    return lines + [f"{_RED}[  FAILED  ]{_PLAIN} {name}" for name in failed]


def _tests(count: int) -> str:
    return f"{count} test{'' if count == 1 else 's'}"
