"""Which context structs an event may have, from BTF alone.

The kernel's DECLARE_EVENT_CLASS makes struct trace_event_raw_CLASS and function
__bpf_trace_CLASS, DEFINE_EVENT makes typedef btf_trace_EVENT only (include/trace/bpf_probe.h,
trace_events.h): nothing names the class of an event. What BTF does tell is the prototype of
both, and in which order things were defined.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from functools import cached_property
from itertools import groupby

from .btf import Btf
from .btf_kinds import BtfKind
from .btf_types import Func, Ptr
from .close_names import common_start
from .errors import KernelDataError

STRUCT_PREFIX = "trace_event_raw_"
TYPEDEF_PREFIX = "btf_trace_"
_FUNC_PREFIX = "__bpf_trace_"
_CLASS_WORDS = {"class", "template", "event", "tp"}

_Prototype = tuple[int, ...]  # type ids of the parameters, void *__data first


class Templates:
    """The event classes of one kernel's BTF."""

    def __init__(self, btf: Btf) -> None:
        self.btf = btf

    def candidates(self, category: str, event: str) -> list[str]:
        """Classes that `event` may belong to, best guess first; empty for no such event.

        An event with a struct of its own name has just that one. Else: classes of equal
        prototype; of those rather the ones that are no events themselves; of those first
        the ones defined between the event's neighbours, then the ones of like name.
        """
        typedef = self.btf.find(BtfKind.TYPEDEF, TYPEDEF_PREFIX + event)
        if typedef is None:
            return []
        if self.btf.find(BtfKind.STRUCT, STRUCT_PREFIX + event) is not None:
            return [event]
        events, classes = self._between_neighbours(typedef)
        possible = self._possible(event_prototype(self.btf, typedef), classes)
        if len(possible) < 2:
            return possible
        nearby = set(classes) & set(possible) or self._last_before(typedef, possible)
        aligned = self._aligned(typedef, events, classes)
        return sorted(
            possible,
            key=lambda name: (
                name != aligned,
                name not in nearby,
                -_likeness(name, category, event),
            ),
        )

    def events(self) -> list[str]:
        """Names of all events of this kernel, in order of definition."""
        return list(self._events)

    def _possible(self, prototype: _Prototype, nearby: list[str]) -> list[str]:
        """Classes whose prototype allows it, rather those that are no events themselves."""
        if not self._prototypes:
            # BTF of kernels before 6.0 has no static functions: order is all there is.
            return nearby or [name for name in self._structs if name not in self._events]
        possible = [n for n, p in self._prototypes.items() if p == prototype]
        if not possible:
            # Some compilers describe equal prototypes with types that are not merged.
            possible = [n for n, p in self._prototypes.items() if len(p) == len(prototype)]
        classes = [name for name in possible if name not in self._events]
        return classes or possible

    @cached_property
    def _found(self) -> tuple[dict[str, int], dict[str, int], dict[str, int]]:
        wanted = (
            (BtfKind.STRUCT, STRUCT_PREFIX),
            (BtfKind.TYPEDEF, TYPEDEF_PREFIX),
            (BtfKind.FUNC, _FUNC_PREFIX),
        )
        structs, typedefs, functions = (
            {name[len(prefix) :]: type_id for type_id, name in found}
            for (_, prefix), found in zip(wanted, self.btf.find_prefixes(*wanted))
        )
        return structs, typedefs, functions

    @property
    def _structs(self) -> dict[str, int]:
        """Class -> id of its context struct."""
        return self._found[0]

    @property
    def _events(self) -> dict[str, int]:
        """Event -> id of its typedef."""
        return self._found[1]

    @cached_property
    def _prototypes(self) -> dict[str, _Prototype]:
        """Prototype of the BPF entry of every class that has a struct."""
        functions = {name: i for name, i in self._found[2].items() if name in self._structs}
        return {name: _function_prototype(self.btf, i) for name, i in functions.items()}

    @cached_property
    def _anchors(self) -> list[tuple[int, int]]:
        """(typedef id, struct id) of the events whose struct is sure, in order of definition.

        Empty where the BTF is sorted by name (kernels since 7.0): ids tell no order there.
        """
        names = list(self._structs)
        if names == sorted(names):
            return []
        own = ((self._events[name], self._structs[name]) for name in names if name in self._events)
        return sorted(own)

    def _neighbours(self, typedef: int) -> tuple[tuple[int, int], tuple[int, int]]:
        """The surely known events before and after this one, as _anchors has them."""
        at = bisect_left(self._anchors, (typedef, 0))
        end = self.btf.type_count
        before = self._anchors[at - 1] if at else (0, 0)
        return before, self._anchors[at] if at < len(self._anchors) else (end, end)

    def _last_before(self, typedef: int, possible: list[str]) -> set[str]:
        """The last of the possible classes that is defined before this event."""
        low, _ = self._neighbours(typedef)
        earlier = [name for name in possible if self._anchors and self._structs[name] < low[1]]
        return {max(earlier, key=self._structs.__getitem__)} if earlier else set()

    def _between_neighbours(self, typedef: int) -> tuple[list[int], list[str]]:
        """What is defined between this event's neighbours.

        Returns the typedefs of events that share a class, and the classes that are no events.
        """
        if not self._anchors:
            return [], []
        low, high = self._neighbours(typedef)
        events = [
            type_id
            for name, type_id in self._events.items()
            if low[0] < type_id < high[0] and name not in self._structs
        ]
        classes = [
            name
            for name, type_id in self._structs.items()
            if low[1] < type_id < high[1] and name not in self._events
        ]
        return events, classes

    def _aligned(self, typedef: int, events: list[int], classes: list[str]) -> str | None:
        """The class in the same place as this event, if runs of like events match the classes.

        Events of one class have one prototype and mostly follow each other; so if there are as
        many runs of equal prototypes as there are classes, the first run is of the first class.
        """
        runs = groupby(events, key=lambda event: event_prototype(self.btf, event))
        members = [list(run) for _, run in runs]
        if len(members) != len(classes):
            return None
        return next((name for name, run in zip(classes, members) if typedef in run), None)


def event_prototype(btf: Btf, typedef: int) -> _Prototype:
    """Parameters of the function pointer that typedef btf_trace_EVENT is."""
    pointer = btf.resolve(typedef)
    if not isinstance(pointer, Ptr):
        raise KernelDataError(f"malformed BTF: typedef {typedef} of a tracepoint is no pointer")
    return btf.parameter_types(pointer.target)


def _function_prototype(btf: Btf, type_id: int) -> _Prototype:
    function = btf.type(type_id)
    assert isinstance(function, Func)
    return btf.parameter_types(function.proto)


def _words(name: str) -> set[str]:
    return {word.rstrip("s") for word in re.split("_+", name)} - _CLASS_WORDS


def _likeness(template: str, category: str, event: str) -> int:
    """How well a class name fits an event's: common beginning, words shared, words foreign."""
    beginning = common_start(template, event)
    own = _words(event) | _words(category)
    shared, foreign = _words(template) & own, _words(template) - own
    return beginning + 3 * len(shared) - 2 * len(foreign)
