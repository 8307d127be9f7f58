"""Values in the program's own memory, copied from one type's layout into another's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aotrace.compiler.emitter import Reg, keep_cut
from aotrace.compiler.types import Record, Str, Tuple, Type

if TYPE_CHECKING:
    from aotrace.compiler.codegen.emit import ProgramEmitter

_READER = "probe_read_kernel"


def convert(e: ProgramEmitter, source: Reg, given: Type, target: Reg, kind: Type) -> None:
    """Copy a value of type `given` to where one of `kind` is to be, which holds all that it can."""
    if kind.scalar:
        number = e.load(source, 0, given.size, getattr(given, "signed", False))
        e.store(target, 0, kind.size, number)
    elif isinstance(kind, Str) and isinstance(given, Str):
        _string(e, source, given, target, kind)
    elif kind.kind.spec() == given.kind.spec():
        e.copy(target, source, kind.size)
    elif isinstance(kind, Tuple) and isinstance(given, Tuple):
        _items(e, source, given, target, kind, list(range(len(kind.items))))
    elif isinstance(kind, Record) and isinstance(given, Record):
        _items(e, source, given, target, kind, [given.names.index(name) for name in kind.names])
    else:
        e.copy(target, source, kind.size)


def _string(e: ProgramEmitter, source: Reg, given: Str, target: Reg, kind: Str) -> None:
    if kind.padded and (not given.padded or given.capacity < kind.capacity):
        e.zero(target, kind.capacity)
    if kind.padded and not given.padded:  # up to the NUL: anything may follow it
        size = min(given.capacity, kind.capacity)
        got = e.fn.helper(f"{_READER}_str", target, size, source)  # own memory: it does not fail
        keep_cut(e, _READER, target, size, e.offset(source, size - 1), got)
    else:
        e.copy(target, source, min(given.capacity, kind.capacity))


def _items(
    e: ProgramEmitter, source: Reg, given: Tuple | Record, target: Reg, kind: Tuple | Record,
    order: list[int],
) -> None:  # fmt: skip
    """order: for each item of `kind` the index of the one that it comes from."""
    before: Any = given.kind
    after: Any = kind.kind
    if sum(item.size for item in kind.items) != after.size:
        e.zero(target, after.size)  # padding is part of a key
    for index, origin in enumerate(order):
        convert(
            e, e.offset(source, before.offsets[origin]), given.items[origin],
            e.offset(target, after.offsets[index]), kind.items[index],
        )  # fmt: skip
