"""Values made of values: arrays, tuples, records and the structs of C."""

from __future__ import annotations

from aotrace.runtime.layout import place
from aotrace.runtime.values.base import MAX_SIZE, Kind

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from aotrace.runtime.values.base import Buffer, Spec


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


class StructKind(RecordKind):
    """A record as C lays it out: each item at an offset of its own, some of them bits of a number.

    bits: of each item the first of its bits and how many there are, from its offset on; two zeros
    for one that is whole.
    """

    tag = "struct"
    fields = {
        "names": list, "items": list, "offsets": list, "bits": list, "size": int, "align": int,
    }  # fmt: skip

    def __init__(
        self,
        names: list[str],
        items: list[Kind],
        offsets: list[int],
        bits: list[list[int]],
        size: int,
        align: int,
    ) -> None:
        super().__init__(names, items)
        if not len(items) == len(offsets) == len(bits) or not all(map(_is_part, offsets, bits)):
            raise ValueError(f"{len(items)} items at {offsets!r}, bits {bits!r}")
        self.offsets = tuple(offsets)
        self.bits = bits
        self.size = size
        self.align = align

    def parameters(self) -> Spec:
        return {**super().parameters(), "offsets": list(self.offsets)}

    def decode(self, raw: Buffer, offset: int) -> tuple[Any, ...]:
        places = zip(self.items, self.offsets, self.bits)
        return tuple(
            _some_bits(raw, offset + at, part[0], part[1], getattr(kind, "signed", False))
            if part[1]
            else kind.decode(raw, offset + at)
            for kind, at, part in places
        )

    def decode_many(self, raw: Buffer, count: int, stride: int, offset: int = 0) -> list[Any]:
        return [self.decode(raw, offset + number * stride) for number in range(count)]


def _is_part(offset: object, part: object) -> bool:
    numbers = [offset, *part] if isinstance(part, list) and len(part) == 2 else [None]
    return all(isinstance(number, int) and 0 <= number <= MAX_SIZE for number in numbers)


def _some_bits(raw: Buffer, offset: int, first: int, count: int, signed: bool) -> int:
    data = raw[offset : offset + (first + count + 7) // 8]
    number = int.from_bytes(data, "little") >> first & ((1 << count) - 1)
    return number - (1 << count) if signed and number >> (count - 1) else number


class OpaqueKind(Kind):
    """Bytes that nothing here can show: floating point, numbers of 16 bytes, arrays without end."""

    tag = "opaque"
    fields = {"size": int, "align": int}

    def __init__(self, size: int, align: int) -> None:
        self.size = size
        self.align = align

    def layout(self) -> tuple[tuple[str, int, str], ...]:
        return (("", 0, f"char[{self.size}]"),)

    def decode(self, raw: Buffer, offset: int) -> None:
        return None

    def text(self, value: None) -> str:
        return "null"

    def order(self, value: None) -> int:
        return 0

    def type_name(self) -> str:
        return "none"
