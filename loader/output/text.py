"""Output as bpftrace's default one prints it (src/output/text.cpp)."""

from __future__ import annotations

from aotrace.runtime.printf import encode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from aotrace.loader.maps import Row
    from aotrace.loader.output.failures import Failure
    from aotrace.loader.output.sink import Sink
    from aotrace.loader.records import RecordFormat
    from aotrace.runtime.metadata import Map
    from aotrace.runtime.values import Kind


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

    def end(self) -> None:
        self._sink.write(b"\n\n")
