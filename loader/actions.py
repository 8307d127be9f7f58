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
    from aotrace.loader.ring import Handler
    from aotrace.loader.services import Services
    from aotrace.runtime.metadata import Event

    Output = Union[TextOutput, JsonOutput]
    #: Done for one record, with the values of its arguments; true: read no further.
    Step = Callable[[Sequence[Any]], Any]


class Stage:
    """What actions act on. `lead`: bytes before each record; `status`: what exit() was given."""

    def __init__(
        self, output: Output, maps: Sequence[ScriptMap], lead: int, services: Services | None = None
    ) -> None:
        self.output = output
        self.maps = maps
        self.lead = lead
        self.services = services
        self.status = 0


class Action:
    """`make` gives the handler of an event of this action, and its docstring says what that does.
    Raises LookupError or TypeError when the event's details are not what the action needs."""

    def __init__(self, name: str, make: Callable[[Event, Stage], Handler]) -> None:
        self.name = name
        self.make = make


def _stepwise(make: Callable[[Event, Stage], Step]) -> Callable[[Event, Stage], Handler]:
    """Record by record, arguments decoded."""

    def handler(event: Event, stage: Stage) -> Handler:
        step, stride = make(event, stage), stage.lead + event.size
        arguments = [(stage.lead + offset, kind.decode) for offset, kind in event.args]

        def run(data: Any, offset: int, count: int) -> bool:
            for at in range(offset, offset + count * stride, stride):
                if step([decode(data, at + place) for place, decode in arguments]):
                    return True
            return False

        return run

    handler.__doc__ = make.__doc__
    return handler


def _printf(event: Event, stage: Stage) -> Handler:
    """Print by a format."""
    from aotrace.loader.records import RecordFormat

    return stage.output.printer(RecordFormat(event, stage.lead))


def _print(event: Event, stage: Stage) -> Step:
    """Print a value on a line of its own."""
    kind = event.args[0][1]
    return lambda values: stage.output.value(kind, values[0])


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
        stage.status = int(values[0]) if values else 0
        return True

    return step


def _time(event: Event, stage: Stage) -> Step:
    """Print the time of day."""
    from aotrace.runtime.clock import format_now

    form = event.details["format"]
    return lambda values: stage.output.time(format_now(form))


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


#: Every action that metadata may name.
ACTIONS = (
    Action("printf", _printf),
    Action("print", _stepwise(_print)),
    Action("print_map", _stepwise(_print_map)),
    Action("clear", _stepwise(_clear)),
    Action("zero", _stepwise(_zero)),
    Action("exit", _stepwise(_exit)),
    Action("time", _stepwise(_time)),
    Action("failure", _stepwise(_failure)),
    Action("new_stack", _stepwise(_new_stack)),
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
