"""The type that holds the values of two: what variables, keys and values of maps become.

The rules for integers follow bpftrace 0.27 (docs/language.md, "Data Types").
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from aotrace.compiler.types.base import NONE, Space, Type
from aotrace.compiler.types.composite import Pointer, Record, Tuple, has_relocated
from aotrace.compiler.types.numbers import EnumType, Int
from aotrace.compiler.types.text import Buffer, Str

#: of two that are equal, one may have a text that was cut
_MADE_OF_TEXT = (Str, Tuple, Record)


def promote(current: Type, new: Type) -> Type | None:
    """The type that holds values of both, or None where they do not mix."""
    if current == NONE:
        return new
    if new == NONE:
        return current
    if current == new and not isinstance(current, _MADE_OF_TEXT):
        return current if not (isinstance(current, Int) and current.flexible) else new
    if isinstance(current, EnumType) or isinstance(new, EnumType):
        current, new = _plain(current), _plain(new)
    rule = _PROMOTIONS.get((type(current), type(new)))
    return rule(current, new) if rule else None


def _plain(item: Type) -> Type:
    return Int(item.width, item.signed) if isinstance(item, EnumType) else item


def _promote_int(current: Int, new: Int) -> Int:
    width = max(current.width, new.width)
    both = current.flexible and new.flexible
    if current.signed == new.signed:
        return Int(width, current.signed, both)
    if current.flexible or new.flexible:
        signed = (not current.flexible and current.signed) or (not new.flexible and new.signed)
        return Int(width, signed, both)
    wider = current if current.width > new.width else new
    if current.width != new.width and wider.signed:
        return Int(wider.width, True)
    return Int(min(width * 2, 8), True)


def _promote_str(current: Str, new: Str) -> Str:
    """A text has a NUL where it gets a longer place than its own."""
    if current.capacity == new.capacity:
        return replace(current, whole=current.whole and new.whole)
    longer = max(current, new, key=lambda kind: kind.capacity)
    return Str(longer.capacity, whole=longer.whole)


def _promote_tuple(current: Tuple, new: Tuple) -> Tuple | None:
    if len(current.items) != len(new.items):
        return None
    items = [promote(a, b) for a, b in zip(current.items, new.items, strict=True)]
    return None if None in items else Tuple(tuple(i for i in items if i is not None))


def _promote_record(current: Record, new: Record) -> Record | None:
    if set(current.names) != set(new.names):
        return None
    theirs = dict(zip(new.names, new.items, strict=True))
    items = [promote(a, theirs[n]) for n, a in zip(current.names, current.items, strict=True)]
    return (
        None if None in items else Record(current.names, tuple(i for i in items if i is not None))
    )


def _promote_pointer(current: Pointer, new: Pointer) -> Pointer | None:
    copies = [current.space is Space.OWN, new.space is Space.OWN]
    if any(copies) and not all(copies) and has_relocated(current.target):
        return None  # of the two layouts a pointer to either would have one only
    space = current.space.joined(new.space)
    if current.target == new.target:
        return Pointer(current.target, space)
    if type(current.target) is Int and type(new.target) is Int:
        target = promote(current.target, new.target)
        return Pointer(target, space) if target else None
    return None


_PROMOTIONS: dict[tuple[type, type], Callable[..., Type | None]] = {
    (Int, Int): _promote_int,
    (Str, Str): _promote_str,
    (Buffer, Buffer): lambda a, b: Buffer(max(a.capacity, b.capacity)),
    (Tuple, Tuple): _promote_tuple,
    (Record, Record): _promote_record,
    (Pointer, Pointer): _promote_pointer,
}
