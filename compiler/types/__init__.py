"""The language's types.

A type says what an expression means; `kind` says how its value is stored (runtime/values), so that
layout has one home. Types are immutable and compare by value.
"""

from __future__ import annotations

from aotrace.compiler.types.base import NONE, NoneType, Space, Type
from aotrace.compiler.types.composite import (
    Aggregate,
    Array,
    Pointer,
    Record,
    Struct,
    Tuple,
    adopting,
    lying_in,
    opened,
    padded,
    storable,
)
from aotrace.compiler.types.numbers import (
    INT64,
    UINT8,
    UINT16,
    UINT32,
    UINT64,
    Bool,
    EnumType,
    Int,
    cut,
    holds,
    literal,
    unflexed,
)
from aotrace.compiler.types.promotion import promote
from aotrace.compiler.types.shown import (
    CgroupPath,
    Inet,
    KernelSymbol,
    Mac,
    Stack,
    Timestamp,
    Username,
    UserSymbol,
)
from aotrace.compiler.types.text import Buffer, Str

__all__ = [
    "INT64", "NONE", "UINT8", "UINT16", "UINT32", "UINT64", "Aggregate", "Array", "Bool", "Buffer",
    "CgroupPath", "EnumType", "Inet", "Int", "KernelSymbol", "Mac", "NoneType", "Pointer", "Record",
    "Space", "Stack", "Str", "Struct", "Timestamp", "Tuple", "Type", "UserSymbol", "Username",
    "adopting", "cut", "holds", "literal", "lying_in", "opened", "padded", "promote", "storable",
    "unflexed",
]  # fmt: skip
