"""Output as `bpftrace -f json` prints it: one object a line (src/output/json.cpp).

No space follows the commas of a list, one those of an object. Text is UTF-8. A byte that is not,
JSON has no way to carry but as half of a surrogate pair: byte XX is \\udcXX (Python's
surrogateescape, which gets it back).
"""

from __future__ import annotations

from aotrace.runtime.values.base import Verbatim

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

_ESCAPES = {code: f"\\u{code:04x}" for code in range(0x20)}
_ESCAPES.update({ord('"'): '\\"', ord("\\"): "\\\\", 10: "\\n", 13: "\\r", 9: "\\t"})
_ESCAPES.update({code: f"\\u{code:04x}" for code in range(0xDC80, 0xDD00)})


class JsonOutput:
    """Lines for programs."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink

    def attached(self, probes: int) -> None:
        self._counted("attached_probes", probes, "probes")

    def lost(self, events: int) -> None:
        self._counted("lost_events", events, "events")

    def printer(self, layout: RecordFormat) -> Callable[[Any, int, int], None]:
        """What prints runs of one printf event: (records, offset of the first, how many)."""

        def show(data: Any, offset: int, count: int) -> None:
            for text in layout.texts(data, offset, count):
                self._emit("printf", quote(text.decode("utf-8", "surrogateescape")))

        return show

    def value(self, kind: Kind, value: Any) -> None:
        self._emit("value", dumps(kind.json(value)))

    def message(self, kind: str, severity: str, details: dict[str, Any], text: bytes) -> None:
        """What the script says of one of its places."""
        place = f'"filename": {quote(details["file"])}, "line": {details["line"]}'
        said = f'"msg": {quote(_decoded(text))}, {place}, "col": {details["column"]}'
        self._sink.write(f'{{"type": "{kind}", {said}}}\n'.encode())

    def shell(self, text: bytes) -> None:
        self._emit("syscall", quote(_decoded(text)))

    def file(self, text: bytes) -> None:
        self._emit("cat", quote(_decoded(text)))

    def join(self, text: str) -> None:
        self._emit("join", quote(text))

    def time(self, text: str) -> None:
        self._emit("time", quote(text))

    def map(self, record: Map, rows: list[Row]) -> None:
        """A map without entries gives no message, save for one of statistics."""
        kind = record.value
        if not rows and kind.message != "stats":
            return
        if record.key is None and rows:
            data = dumps(kind.json(rows[0][1]))
        else:
            name = record.key.json_key if record.key else str
            data = (
                "{" + ", ".join(f"{quote(name(k))}: {dumps(kind.json(v))}" for k, v in rows) + "}"
            )
        self._emit(kind.message, f"{{{quote(record.label)}: {data}}}")

    def failure(self, failure: Failure) -> None:
        """A message of its own form; of a macro's uses nothing is said."""
        helper = f', "helper": {quote(failure.helper)}, "retcode": {failure.code}'
        kind, extra = ("helper_error", helper) if failure.helper else ("runtime_error", "")
        self._sink.write(
            f'{{"type": "{kind}", "msg": {quote(failure.reason)}{extra}, "filename": '
            f'{quote(failure.script)}, "line": {failure.line}, "col": {failure.column}}}\n'.encode()
        )

    def test_result(
        self, names: Sequence[str], index: int, duration: int, passed: Sequence[bool], said: bytes
    ) -> None:
        result = {
            "duration": duration, "passed": passed[index], "output": said.decode("utf-8", "replace")
        }  # fmt: skip
        self._emit("test_result", dumps({names[index]: result}))

    def bench_result(
        self, names: Sequence[str], name: str, average: int, times: int, first: bool
    ) -> None:
        self._emit("benchmark_result", dumps({name: {"average": average, "iters": times}}))

    def end(self) -> None:
        """Nothing marks the end of the events."""

    def _counted(self, message: str, count: int, unit: str) -> None:
        line = f'{{"type": "{message}", "count": {count}, "data": {{"{unit}": {count}}}}}\n'
        self._sink.write(line.encode())

    def _emit(self, message: str, data: str) -> None:
        self._sink.write(f'{{"type": "{message}", "data": {data}}}\n'.encode())


def _decoded(text: bytes) -> str:
    return text.decode("utf-8", "replace")


def quote(text: str) -> str:
    """A JSON string."""
    return f'"{text.translate(_ESCAPES)}"'


def dumps(value: Any) -> str:
    """What Kind.json gives, as JSON."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, str):
        return quote(value)
    if isinstance(value, Verbatim):
        return value.text
    if isinstance(value, dict):
        return "{" + ", ".join(f"{quote(k)}: {dumps(v)}" for k, v in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ",".join(map(dumps, value)) + "]"
    return str(value)
