"""Services: each kind gets the one it needs, opened once, however deep it is nested."""

from __future__ import annotations

from typing import Any

from aotrace.loader.services import SERVICES, Service, Services
from aotrace.runtime.metadata import Event, Map, Metadata
from aotrace.runtime.values import KINDS, ArrayKind, CountKind, IntKind, TupleKind
from aotrace.runtime.values.ints import CodedKind


class Named(CodedKind):
    """A number that a service has a name for."""

    tag = "named"
    code = "Q"
    needs = "names"

    def __init__(self) -> None:
        self.size = self.align = 8

    def text(self, value: int) -> str:
        return str(self.service[value])


def metadata(events: list[Event], maps: list[Map]) -> Metadata:
    return Metadata("test", "t.bt", "x86_64", "GPL", [], maps, events, [], {}, [], [])


def services(opened: list[str], *names: str) -> Services:
    def opening(name: str) -> Service:
        def open(found: Services) -> Any:
            opened.append(name)
            return {7: f"seven of {name}"}

        return Service(name, open)

    return Services(None, tuple(map(opening, names)))  # type: ignore[arg-type]


def test_binds_every_place_of_the_metadata_to_one_service() -> None:
    opened: list[str] = []
    event, key, value, deep = Named(), Named(), Named(), Named()
    nested = TupleKind([IntKind(4, False), ArrayKind(deep, 3)])
    events = [Event("print", 16, [(8, event)], {}, 1), Event("print", 48, [(8, nested)], {}, 2)]
    maps = [Map("at_x", "@x", key, value, 1, False)]
    services(opened, "names", "others").bind(metadata(events, maps))
    assert opened == ["names"]
    assert {kind.text(7) for kind in (event, key, value, deep)} == {"seven of names"}
    assert nested.text((1, [7, 7, 7])) == f"(1, [{','.join(['seven of names'] * 3)}])"


def test_opens_nothing_for_values_that_need_nothing() -> None:
    opened: list[str] = []
    maps = [Map("at_x", "@x", None, CountKind(), 1, True)]
    services(opened, "names").bind(metadata([], maps))
    assert opened == []


def test_services_find_one_another() -> None:
    opened: list[str] = []
    inner = services(opened, "names")
    both = Services(
        None,  # type: ignore[arg-type]
        (Service("outer", lambda found: (found.find("inner"),)), Service("inner", lambda _: 5)),
    )
    assert both.find("outer") == (5,)
    assert both.find("outer") is both.find("outer")
    assert inner.find("names") is inner.find("names")
    assert opened == ["names"]


def test_every_need_of_a_kind_is_a_service() -> None:
    known = {service.name for service in SERVICES}
    assert {kind.needs for kind in KINDS if kind.needs} <= known
