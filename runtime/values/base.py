"""What every kind of value answers for: its bytes and its text, in one place.

A Kind is built by the compiler (from a type) and rebuilt by the loader (from the metadata's spec);
codegen's struct type, the event's BTF and the loader's decoder all derive from `size`, `align` and
`layout()`.
"""

from __future__ import annotations

from typing import Any, ClassVar

Spec = dict[str, Any]
Buffer = Any  # bytes or memoryview: whatever struct.unpack_from takes


class Kind:
    """One kind of value. Subclasses set `tag` and fill in the rest."""

    tag: ClassVar[str] = ""
    size: int
    align: int
    #: struct-module code when decoding is a plain unpack of one field, else None
    code: str | None = None

    def spec(self) -> Spec:
        """The JSON form that travels in the metadata; `from_spec` reads it back."""
        return {"kind": self.tag, **self.parameters()}

    def parameters(self) -> Spec:
        """What `spec` needs beside the tag: the constructor's keyword arguments."""
        return {}

    @classmethod
    def from_parameters(cls, parameters: Spec) -> Kind:
        """The kind again, from what `parameters` gave (nested specs still as dicts)."""
        return cls(**parameters)

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

    def order(self, value: Any) -> Any:
        """A key to sort by; values of one kind only ever meet their own kind."""
        return value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Kind) and self.spec() == other.spec()

    def __hash__(self) -> int:
        return hash((self.tag, self.size))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.parameters()})"
