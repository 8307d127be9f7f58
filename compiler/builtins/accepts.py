"""The classes of arguments that functions take."""

from __future__ import annotations

from aotrace.compiler.builtins.record import Accepts
from aotrace.compiler.types import (
    Aggregate,
    Array,
    Bool,
    Int,
    Mac,
    Pointer,
    Str,
    Struct,
    Type,
    storable,
)

MAC_SIZE = 6


def is_integer(kind: Type) -> bool:
    return isinstance(kind, (Int, Bool))


def is_address(kind: Type) -> bool:
    return isinstance(kind, (Int, Pointer))


INTEGER = Accepts("an integer", is_integer)
ADDRESS = Accepts("an integer or a pointer", is_address)
STRING = Accepts("a string", lambda kind: isinstance(kind, Str))
TEXT = Accepts(
    "a string, an integer or a pointer",
    lambda kind: is_address(kind) or isinstance(kind, (Str, Array)),
)
PRINTABLE = Accepts("a value", lambda kind: storable(kind) and not isinstance(kind, Aggregate))
INET_SOURCE = Accepts(
    "an integer or 4 or 16 bytes", lambda kind: isinstance(kind, (Int, Str, Array, Pointer, Struct))
)
MAC_SOURCE = Accepts(
    "6 bytes or their address",
    lambda kind: (
        is_address(kind) or (isinstance(kind, (Str, Array, Mac)) and kind.size >= MAC_SIZE)
    ),
)

#: a map as a whole is passed as an Aggregate, whatever it holds
VALUE_OR_MAP = Accepts("a value or a map", storable)
