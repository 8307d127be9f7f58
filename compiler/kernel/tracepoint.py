"""What is known of one tracepoint."""

from __future__ import annotations

from aotrace.compiler.frozen import dataclass

from .btf import Btf
from .tracepoint_fields import TracepointField


@dataclass(frozen=True)
class Tracepoint:
    """One tracepoint; type ids in it are of `btf`, which is a module's for its events.

    context_struct, struct_id: the BTF struct that its context is laid out as. Both None if BTF
    has none (the event is of a module without BTF): then no field can be relocated.
    """

    category: str
    name: str
    btf: Btf
    context_struct: str | None
    struct_id: int | None
    fields: tuple[TracepointField, ...]

    def field(self, name: str) -> TracepointField | None:
        """The field of that name."""
        return next((field for field in self.fields if field.name == name), None)

    def has_fields(self, names: frozenset[str]) -> bool:
        """Whether all of these fields exist."""
        return names <= {field.name for field in self.fields}
