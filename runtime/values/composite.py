"""Values made of values: arrays, tuples and records."""

from __future__ import annotations

from typing import Any

from aotrace.runtime.layout import place
from aotrace.runtime.values.base import Buffer, Kind, Spec


class ArrayKind(Kind):
    """`count` elements of one kind."""

    tag = "array"

    def __init__(self, element: Kind, count: int) -> None:
        self.element = element
        self.count = count
        self.size = element.size * count
        self.align = element.align

    def parameters(self) -> Spec:
        return {"element": self.element.spec(), "count": self.count}

    def decode(self, raw: Buffer, offset: int) -> list[Any]:
        step = self.element.size
        return [self.element.decode(raw, offset + i * step) for i in range(self.count)]

    def text(self, value: list[Any]) -> str:
        return "[" + ",".join(map(self.element.text, value)) + "]"

    def json(self, value: list[Any]) -> Any:
        return [self.element.json(item) for item in value]

    def order(self, value: list[Any]) -> Any:
        return [self.element.order(item) for item in value]


class TupleKind(Kind):
    """Values side by side, by natural alignment."""

    tag = "tuple"

    def __init__(self, items: list[Kind]) -> None:
        self.items = items
        placement = place([(item.size, item.align) for item in items])
        self.offsets = placement.offsets
        self.size = placement.size
        self.align = placement.align

    def parameters(self) -> Spec:
        return {"items": [item.spec() for item in self.items]}

    def decode(self, raw: Buffer, offset: int) -> tuple[Any, ...]:
        return tuple(k.decode(raw, offset + o) for k, o in zip(self.items, self.offsets))

    def text(self, value: tuple[Any, ...]) -> str:
        return "(" + ", ".join(k.text(v) for k, v in zip(self.items, value)) + ")"

    def json(self, value: tuple[Any, ...]) -> Any:
        return [k.json(v) for k, v in zip(self.items, value)]

    def order(self, value: tuple[Any, ...]) -> Any:
        return [k.order(v) for k, v in zip(self.items, value)]


class RecordKind(TupleKind):
    """A tuple whose items have names."""

    tag = "record"

    def __init__(self, names: list[str], items: list[Kind]) -> None:
        super().__init__(items)
        self.names = names

    def parameters(self) -> Spec:
        return {"names": self.names, **super().parameters()}

    def text(self, value: tuple[Any, ...]) -> str:
        if not value:
            return "{}"
        fields = zip(self.names, self.items, value)
        return "{ " + ", ".join(f".{n} = {k.text(v)}" for n, k, v in fields) + " }"

    def json(self, value: tuple[Any, ...]) -> Any:
        return {n: k.json(v) for n, k, v in zip(self.names, self.items, value)}
