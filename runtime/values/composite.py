"""Values made of values: arrays, tuples and records."""

from __future__ import annotations

from aotrace.runtime.layout import place
from aotrace.runtime.values.base import Kind

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from aotrace.runtime.values.base import Buffer


class ArrayKind(Kind):
    """`count` elements of one kind."""

    tag = "array"
    opening = "["
    fields = {"element": Kind, "count": int}

    def __init__(self, element: Kind, count: int) -> None:
        self.element = element
        self.count = count
        self.size = element.size * count
        self.align = element.align

    def parts(self) -> Sequence[Kind]:
        return (self.element,)

    def decode(self, raw: Buffer, offset: int) -> list[Any]:
        return self.element.decode_many(
            raw[offset : offset + self.size], self.count, self.element.size
        )

    def text(self, value: list[Any]) -> str:
        return "[" + ",".join(map(self.element.text, value)) + "]"

    def json(self, value: list[Any]) -> Any:
        return [self.element.json(item) for item in value]

    def order(self, value: list[Any]) -> Any:
        return [self.element.order(item) for item in value]

    def scaled(self, value: list[Any], divisor: int) -> list[Any]:
        return [self.element.scaled(item, divisor) for item in value]

    def type_name(self) -> str:
        return f"{self.element.type_name()}[{self.count}]"


class TupleKind(Kind):
    """Values side by side, by natural alignment."""

    tag = "tuple"
    opening = "("
    fields = {"items": list}

    def __init__(self, items: list[Kind]) -> None:
        if not all(isinstance(item, Kind) for item in items):
            raise TypeError("items are kinds")
        self.items = items
        placement = place([(item.size, item.align) for item in items])
        self.offsets = placement.offsets
        self.size = placement.size
        self.align = placement.align

    def parts(self) -> Sequence[Kind]:
        return self.items

    def decode(self, raw: Buffer, offset: int) -> tuple[Any, ...]:
        return tuple(k.decode(raw, offset + o) for k, o in zip(self.items, self.offsets))

    def decode_many(self, raw: Buffer, count: int, stride: int, offset: int = 0) -> list[Any]:
        """Item by item: each item's kind decodes its column at once."""
        columns = (
            k.decode_many(raw, count, stride, offset + o) for k, o in zip(self.items, self.offsets)
        )
        return list(zip(*columns)) if self.items else [()] * count

    def text(self, value: tuple[Any, ...]) -> str:
        return "(" + ", ".join(k.text(v) for k, v in zip(self.items, value)) + ")"

    def compact(self, value: tuple[Any, ...]) -> str:
        return "(" + ",".join(k.compact(v) for k, v in zip(self.items, value)) + ")"

    def key_text(self, value: tuple[Any, ...]) -> str:
        """A key of several parts shows no parentheses of its own."""
        return self.text(value)[1:-1]

    def json_key(self, value: tuple[Any, ...]) -> str:
        return self.compact(value)[1:-1]

    def json(self, value: tuple[Any, ...]) -> Any:
        return [k.json(v) for k, v in zip(self.items, value)]

    def order(self, value: tuple[Any, ...]) -> Any:
        return [k.order(v) for k, v in zip(self.items, value)]

    def text_many(self, values: Sequence[tuple[Any, ...]]) -> list[str]:
        return [f"({text})" for text in self._joined(values)]

    def key_texts(self, values: Sequence[tuple[Any, ...]]) -> list[str]:
        return self._joined(values)

    def _joined(self, values: Sequence[tuple[Any, ...]]) -> list[str]:
        """The items' texts, without parentheses."""
        columns = [k.text_many(column) for k, column in zip(self.items, zip(*values))]
        return list(map(", ".join, zip(*columns))) if columns else [""] * len(values)

    def order_many(self, values: Sequence[tuple[Any, ...]]) -> Sequence[Any]:
        columns = [k.order_many(column) for k, column in zip(self.items, zip(*values))]
        return list(zip(*columns)) if columns else values

    def scaled(self, value: tuple[Any, ...], divisor: int) -> tuple[Any, ...]:
        return tuple(k.scaled(v, divisor) for k, v in zip(self.items, value))

    def type_name(self) -> str:
        return f"({','.join(item.type_name() for item in self.items)})"


class RecordKind(TupleKind):
    """A tuple whose items have names."""

    tag = "record"
    opening = "{ "
    fields = {"names": list, "items": list}

    def __init__(self, names: list[str], items: list[Kind]) -> None:
        super().__init__(items)
        if len(names) != len(items) or not all(isinstance(name, str) for name in names):
            raise ValueError(f"{len(items)} items, but names {names!r}")
        self.names = names

    def text(self, value: tuple[Any, ...]) -> str:
        if not value:
            return "{}"
        fields = zip(self.names, self.items, value)
        return "{ " + ", ".join(f".{n} = {k.text(v)}" for n, k, v in fields) + " }"

    def compact(self, value: tuple[Any, ...]) -> str:
        fields = zip(self.names, self.items, value)
        return "{" + ",".join(f".{n}={k.compact(v)}" for n, k, v in fields) + "}"

    def key_text(self, value: tuple[Any, ...]) -> str:
        return self.text(value)

    def json_key(self, value: tuple[Any, ...]) -> str:
        return self.compact(value)

    def text_many(self, values: Sequence[tuple[Any, ...]]) -> list[str]:
        return list(map(self.text, values))

    def key_texts(self, values: Sequence[tuple[Any, ...]]) -> list[str]:
        return self.text_many(values)

    def json(self, value: tuple[Any, ...]) -> Any:
        return {n: k.json(v) for n, k, v in zip(self.names, self.items, value)}

    def type_name(self) -> str:
        fields = (f".{n} = {k.type_name()}" for n, k in zip(self.names, self.items))
        return f"record {{ {', '.join(fields)} }}"
