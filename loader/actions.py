"""What the loader does with each event: one record an action.

The metadata's Event names the action. Actions take place in the order of the events, so that what a
script prints before and after print(@map) stays where it is.
"""

from __future__ import annotations

from aotrace.loader.errors import ObjectError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any, Union

    from aotrace.loader.maps import ScriptMap
    from aotrace.loader.output.json import JsonOutput
    from aotrace.loader.output.text import TextOutput
    from aotrace.loader.probes import Probes
    from aotrace.loader.ring import Handler
    from aotrace.loader.services import Services
    from aotrace.runtime.metadata import Event

    Output = Union[TextOutput, JsonOutput]
    #: Done for one record, with the values of its arguments; true: read no further.
    Step = Callable[[Sequence[Any]], Any]


_CAT_BYTES = 10240  # the config variable max_cat_bytes, as it is by default

# What is still done once it is late, however slow this machine is: a thousand lines, say.
_SPARE = 1000
_OWED, _LINE, _TABLE, _LONG = 0, 1, 50, _SPARE + 1


class Stage:
    """What actions act on. `lead`: bytes before each record; `status`: what exit() was given.

    `late`: what is queued has had its time after a signal; `spare`: what that which is still done
    then may cost; `dropped`: how many were not.
    """

    def __init__(
        self,
        output: Output,
        maps: Sequence[ScriptMap],
        lead: int,
        services: Services | None = None,
        warnings: bool = True,
        probes: Probes | None = None,
    ) -> None:
        self.output = output
        self.maps = maps
        self.lead = lead
        self.services = services
        self.warnings = warnings
        self.probes = probes
        self.status = 0
        self.late = False
        self.spare = _SPARE
        self.dropped = 0

    def hurry(self) -> None:
        """From now on drop what may be dropped, once `spare` is spent: all but printf and what the
        maps' contents, the names in stacks and the exit status rest on."""
        self.late = True

    def drops(self, cost: int) -> bool:
        """Late: whether one that was queued is not done."""
        dropped = cost > self.spare
        if dropped:
            self.dropped += 1
        else:
            self.spare -= cost
        return dropped

    @property
    def config(self) -> dict[str, Any]:
        """The script's settings that are not as by default."""
        return self.services.run.meta.config if self.services else {}

    def report(self, text: str) -> None:
        """What went wrong with an action; the trace goes on."""
        from aotrace.loader.console import say

        say(f"ERROR: {text}")


class Action:
    """`make` gives the handler of an event of this action, and its docstring says what that does.
    Raises LookupError or TypeError when the event's details are not what the action needs."""

    def __init__(self, name: str, make: Callable[[Event, Stage], Handler]) -> None:
        self.name = name
        self.make = make


def _stepwise(
    make: Callable[[Event, Stage], Step], cost: int = _LINE
) -> Callable[[Event, Stage], Handler]:
    """Record by record, arguments decoded."""

    def handler(event: Event, stage: Stage) -> Handler:
        step, stride = make(event, stage), stage.lead + event.size
        arguments = [(stage.lead + offset, kind.decode) for offset, kind in event.args]

        def run(data: Any, offset: int, count: int) -> bool:
            for at in range(offset, offset + count * stride, stride):
                if not (stage.late and stage.drops(cost)) and step(
                    [decode(data, at + place) for place, decode in arguments]
                ):
                    return True
            return False

        return run

    handler.__doc__ = make.__doc__
    return handler


def _printf(event: Event, stage: Stage) -> Handler:
    """Print by a format."""
    from aotrace.loader.records import RecordFormat

    return stage.output.printer(RecordFormat(event, stage.lead))


def _formatted(
    make: Callable[[Event, Stage], Callable[[bytes], None]], cost: int = _LINE
) -> Callable[[Event, Stage], Handler]:
    """Record by record, arguments as text by the format of the event's details."""

    def handler(event: Event, stage: Stage) -> Handler:
        from aotrace.loader.records import RecordFormat

        act, layout = make(event, stage), RecordFormat(event, stage.lead)

        def run(data: Any, offset: int, count: int) -> None:
            for text in layout.texts(data, offset, count):
                if not (stage.late and stage.drops(cost)):
                    act(text)

        return run

    handler.__doc__ = make.__doc__
    return handler


def _warnf(event: Event, stage: Stage) -> Callable[[bytes], None]:
    """A warning of the script's."""
    if not stage.warnings:
        return lambda text: None
    return lambda text: stage.output.message("warnf", "WARNING", event.details, text)


def _errorf(event: Event, stage: Stage) -> Callable[[bytes], None]:
    """An error that the script reports; the trace goes on."""
    return lambda text: stage.output.message("errorf", "ERROR", event.details, text)


def _system(event: Event, stage: Stage) -> Callable[[bytes], None]:
    """Run a command and wait for it."""
    from aotrace.loader.commands import output_of

    def act(text: bytes) -> None:
        shown = output_of(text, stage.report, lambda: stage.late)
        if shown is not None:
            stage.output.shell(shown)

    return act


def _cat(event: Event, stage: Stage) -> Callable[[bytes], None]:
    """Show a file."""
    from aotrace.loader.commands import contents_of

    def act(text: bytes) -> None:
        shown = contents_of(text, stage.config.get("max_cat_bytes", _CAT_BYTES), stage.report)
        if shown is not None:
            stage.output.file(shown)

    return act


def _join(event: Event, stage: Stage) -> Step:
    """Show strings up to the first empty one."""
    delimiter = event.details["delimiter"]

    def step(values: Sequence[Any]) -> None:
        words = values[0]
        end = next((number for number, word in enumerate(words) if not word), len(words))
        stage.output.join(delimiter.join(words[:end]))

    return step


def _print(event: Event, stage: Stage) -> Step:
    """Print a value on a line of its own."""
    kind = event.args[0][1]
    return lambda values: stage.output.value(kind, kind.alone(values[0]))


def _print_map(event: Event, stage: Stage) -> Step:
    """Print a map as it is now."""
    shown, top, divisor = _map_of(event, stage), event.details["top"], event.details["div"]
    record = shown.record

    def step(values: Sequence[Any]) -> None:
        rows = shown.rows(top, divisor)
        if not rows and record.key is None and not record.value.multiline:
            rows = [shown.zero_row()]
        stage.output.map(record, rows)

    return step


def _clear(event: Event, stage: Stage) -> Step:
    """Delete every key of a map."""
    cleared = _map_of(event, stage)
    return lambda values: cleared.clear()


def _zero(event: Event, stage: Stage) -> Step:
    """Set every value of a map to zero."""
    zeroed = _map_of(event, stage)
    return lambda values: zeroed.zero()


def _exit(event: Event, stage: Stage) -> Step:
    """End the trace, with an exit status."""

    def step(values: Sequence[Any]) -> bool:
        stage.status = int(values[0]) if values else event.details.get("status", 0)
        return True

    return step


def _time(event: Event, stage: Stage) -> Step:
    """Print the time of day; nothing where the format gives no text."""
    from aotrace.runtime.clock import format_now

    form = event.details["format"]

    def step(values: Sequence[Any]) -> None:
        if text := format_now(form):
            stage.output.time(text)

    return step


def _failure(event: Event, stage: Stage) -> Step:
    """Warn of what failed in a program, with its place in the script."""
    from aotrace.loader.output.failures import Failure

    details = event.details
    return lambda values: stage.output.failure(Failure(details, *values))


def _new_stack(event: Event, stage: Stage) -> Step:
    """Take down where a process's addresses lie, as long as it lives."""
    kind = event.args[0][1]
    return lambda values: kind.service.note(kind, values[0])


def _map_of(event: Event, stage: Stage) -> ScriptMap:
    found: ScriptMap = stage.maps[event.details["map"]]
    return found


def _unwatch(event: Event, stage: Stage) -> Step:
    """Detach the watchpoints at an address."""

    def step(values: Sequence[Any]) -> None:
        if stage.probes:
            stage.probes.detach(
                lambda program: (
                    program.mechanism == "watchpoint" and program.target["address"] == values[0]
                )
            )

    return step


def _skboutput(event: Event, stage: Stage) -> Handler:
    """Write the packet behind the record to a pcap file."""
    from aotrace.loader.packets import writer

    return writer(event, stage)


#: Every action that metadata may name.
ACTIONS = (
    Action("printf", _printf),
    Action("print", _stepwise(_print)),
    Action("print_map", _stepwise(_print_map, _TABLE)),
    Action("clear", _stepwise(_clear, _OWED)),
    Action("zero", _stepwise(_zero, _OWED)),
    Action("exit", _stepwise(_exit, _OWED)),
    Action("time", _stepwise(_time)),
    Action("failure", _stepwise(_failure)),
    Action("new_stack", _stepwise(_new_stack, _OWED)),
    Action("warnf", _formatted(_warnf)),
    Action("errorf", _formatted(_errorf)),
    Action("system", _formatted(_system, _LONG)),
    Action("cat", _formatted(_cat, _TABLE)),
    Action("join", _stepwise(_join)),
    Action("unwatch", _stepwise(_unwatch, _OWED)),
    Action("skboutput", _skboutput),
)
_BY_NAME = {action.name: action for action in ACTIONS}


class Handlers(dict):  # type: ignore[type-arg]
    """Handlers by event id."""

    def __missing__(self, event: int) -> Handler:
        raise ObjectError(f"the object sent an event {event}, which its metadata does not describe")


def make_handlers(events: Sequence[Event], stage: Stage) -> Handlers:
    """The handlers of all events. Raises ObjectError for what this loader cannot do."""
    try:
        made = [_BY_NAME[event.action].make(event, stage) for event in events]
    except (LookupError, TypeError, StopIteration) as error:
        hint = "install a newer aotrace here, or compile the script again"
        raise ObjectError(f"an event of the object is not understood: {error}", hint) from None
    return Handlers(enumerate(made))
