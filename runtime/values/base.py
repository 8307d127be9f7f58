"""What every kind of value answers for: its bytes and its text, in one place.

A Kind is built by the compiler (from a type) and rebuilt by the loader (from the metadata's spec);
codegen's struct type, the event's BTF and the loader's decoder all derive from `size`, `align` and
`layout()`.
"""

from __future__ import annotations

import struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any, ClassVar

    Spec = dict[str, Any]
    Buffer = Any  # bytes or memoryview: whatever struct.unpack_from takes


#: No value is larger: what does not fit a ring buffer or a map is a damaged spec.
MAX_SIZE = 1 << 24


def quotient(value: int, divisor: int) -> int:
    """Integer division as C has it: toward zero."""
    return -(-value // divisor) if value < 0 else value // divisor


def json_number(value: int) -> int | str:
    """A number as JSON carries it: as a string where a double would lose digits."""
    return value if int(float(value)) == value else str(value)


def _plain(value: Any) -> Any:
    """A constructor's argument as JSON has it: kinds as their specs."""
    if isinstance(value, Kind):
        return value.spec()
    return [_plain(item) for item in value] if isinstance(value, list) else value


def unpack_many(code: str, raw: Buffer, count: int, stride: int, offset: int) -> list[Any]:
    """One struct code out of each of `count` records of `stride` bytes."""
    rest = stride - offset - struct.calcsize("<" + code)
    record = struct.Struct(f"<{offset}x{code}{rest}x")
    return [value for (value,) in record.iter_unpack(memoryview(raw)[: count * stride])]


class Verbatim:
    """JSON that is written already, as bpftrace writes it in places: without spaces."""

    def __init__(self, text: str) -> None:
        self.text = text


class Kind:
    """One kind of value. Subclasses set `tag` and fill in the rest."""

    tag: ClassVar[str] = ""
    size: int
    align: int
    #: the constructor's keyword arguments, kept as attributes of the same names, and their types
    fields: ClassVar[dict[str, type]] = {}
    #: struct-module code when decoding is a plain unpack of one field, else None
    code: str | None = None
    #: the value is a number that printf's integer conversions take
    integral = False
    #: text() is the number in decimal
    decimal = False
    #: printf's `+` shows on it
    plus = False
    #: the value is a byte string, which printf's `%r` family takes
    octets = False
    #: what text() begins with when it shows a value made of values
    opening = ""
    #: the type of the JSON message that shows a map of such values
    message = "map"
    #: a value that something was put into has a byte that is not zero
    leaves_trace = False
    #: text() fills whole lines, the last one ended
    multiline = False
    #: what its text depends on beside its bytes, by the name of a service of the loader
    #: (loader/services.py); empty: on nothing
    needs: ClassVar[str] = ""
    #: that service, once `bind` has been called
    service: Any = None

    def spec(self) -> Spec:
        """The JSON form that travels in the metadata; `from_spec` reads it back."""
        return {"kind": self.tag, **self.parameters()}

    def parameters(self) -> Spec:
        """What `spec` needs beside the tag: the constructor's keyword arguments."""
        return {name: _plain(getattr(self, name)) for name in self.fields}

    @classmethod
    def from_parameters(cls, parameters: Spec) -> Kind:
        """The kind again, from what `parameters` gave, nested kinds already built.

        Raises ValueError when they are not what the constructor takes.
        """
        known = {name: parameters[name] for name in cls.fields if name in parameters}
        for name, value in known.items():
            expected = cls.fields[name]
            if not isinstance(value, expected) or (expected is int and isinstance(value, bool)):
                raise ValueError(f"{cls.tag}: {name} cannot be {value!r}")
        kind = cls(**known)
        if not 0 <= kind.size <= MAX_SIZE:
            raise ValueError(f"{cls.tag}: no value has {kind.size} bytes")
        return kind

    def parts(self) -> Sequence[Kind]:
        """The kinds that it is made of."""
        return ()

    def bind(self, find: Callable[[str], Any]) -> None:
        """Give it, and all that it is made of, the service that it needs; `find` has it by name."""
        if self.needs:
            self.service = find(self.needs)
        for part in self.parts():
            part.bind(find)

    def layout(self) -> tuple[tuple[str, int, str], ...]:
        """Fields as (name, byte offset, C type) for BTF; one unnamed field means a scalar."""
        raise TypeError(f"{self.tag}: no layout")

    def decode(self, raw: Buffer, offset: int) -> Any:
        """The Python value of the bytes at an offset."""
        raise TypeError(f"{self.tag}: not decodable")

    def text(self, value: Any) -> str:
        """The value as bpftrace's text output prints it."""
        return str(value)

    def json(self, value: Any) -> Any:
        """The value as something json.dumps takes."""
        return value

    def type_name(self) -> str:
        """The kind as bpftrace's messages spell its type."""
        return self.tag

    def compact(self, value: Any) -> str:
        """The text without the spaces that separate items: what a key is in JSON."""
        return self.text(value)

    def key_text(self, value: Any) -> str:
        """The value between the brackets of a map's line."""
        return self.text(value)

    def json_key(self, value: Any) -> str:
        """The value as the name of a member of a JSON object."""
        return self.compact(value)

    def merge(self, values: Sequence[Any]) -> Any:
        """One value of those that the CPUs have."""
        raise TypeError(f"{self.tag}: one CPU's value says nothing of the others'")

    def alone(self, value: Any) -> Any:
        """What is shown of a value that is not kept by several CPUs."""
        return value

    def order(self, value: Any) -> Any:
        """What a map's keys of this kind are sorted by."""
        return value

    def rank(self, value: Any) -> int | None:
        """What a map is sorted by when its values are of this kind; None sorts it by its keys."""
        return None

    def scaled(self, value: Any, divisor: int) -> Any:
        """The value that print(@map, top, divisor) shows; what is no number stays as it is."""
        return value

    def decode_many(self, raw: Buffer, count: int, stride: int, offset: int = 0) -> list[Any]:
        """The values at `offset` of `count` records of `stride` bytes."""
        decode = self.decode
        return [decode(raw, offset + number * stride) for number in range(count)]

    def text_many(self, values: Sequence[Any]) -> list[str]:
        """text() of each. As with the other columns: a map may have 100,000 keys."""
        return list(map(self.text, values))

    def key_texts(self, values: Sequence[Any]) -> list[str]:
        """key_text() of each."""
        return list(map(self.key_text, values))

    def order_many(self, values: Sequence[Any]) -> Sequence[Any]:
        """What the values are sorted by, each."""
        return list(map(self.order, values))

    def merge_many(self, columns: Sequence[Sequence[Any]]) -> list[Any]:
        """merge() of each key's values; a column for each CPU."""
        return list(map(self.merge, zip(*columns)))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Kind) and self.spec() == other.spec()

    def __hash__(self) -> int:
        return hash((self.tag, self.size))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.parameters()})"
