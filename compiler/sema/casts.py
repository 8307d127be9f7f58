"""Which casts there are, by bpftrace 0.27's rules (docs/language.md, "Type conversion")."""

from __future__ import annotations

from dataclasses import replace

from aotrace.compiler.types import (
    Array,
    Bool,
    Int,
    Pointer,
    Space,
    Str,
    Type,
)

_REGISTER = 8  # bytes of the widest integer


def cast_type(target: Type, source: Type) -> Type | None:
    """The type that `(target)source` has: `T[]` gets its length; None where there is no such cast.

    Neither type is NONE.
    """
    if isinstance(target, Array) and not target.count:
        target = _counted(target, source)
    if isinstance(target, Pointer) and isinstance(source, Pointer):
        return Pointer(target.target, source.space)
    if isinstance(target, Pointer) and isinstance(source, Int) and source.space is not Space.NONE:
        return Pointer(target.target, source.space)
    if isinstance(target, Int) and isinstance(source, Pointer) and source.space is Space.USER:
        return replace(target, space=source.space)
    if isinstance(target, Str) and isinstance(source, Str):
        target = replace(target, whole=source.whole)
    return target if _allowed(target, source) else None


def _counted(target: Array, source: Type) -> Array:
    size = target.element.size
    fits = source.scalar or isinstance(source, (Str, Array))
    return Array(target.element, source.size // size if fits and size else 0)


def _allowed(target: Type, source: Type) -> bool:
    if isinstance(target, Int):
        return _is_number(source) or (isinstance(source, Array) and source.size == target.size)
    if isinstance(target, Bool):
        return _is_number(source) or isinstance(source, Str)
    if isinstance(target, Pointer):
        return _is_number(source)
    if isinstance(target, Str):
        return isinstance(source, Str) and source.capacity <= target.capacity
    return isinstance(target, Array) and _to_array(target, source)


def _is_number(kind: Type) -> bool:
    return isinstance(kind, (Int, Bool, Pointer))


def _to_array(target: Array, source: Type) -> bool:
    """The bytes of an integer or string as integers; an integer may be widened to fill them.

    An array is nothing but what it is already.
    """
    if target == source:
        return True
    if not isinstance(target.element, (Int, Bool)) or not target.size:
        return False
    if isinstance(source, Int):
        return source.size <= target.size <= _REGISTER
    return isinstance(source, (Bool, Str)) and target.size == source.size
