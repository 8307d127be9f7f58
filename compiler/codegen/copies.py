"""Copies of what lies in other memory, in the form that it has in the program's own.

A struct of the kernel is copied value by value, each from where the target has it; what the target
does not have is zero. Anything else is copied as it is.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from aotrace.compiler.codegen import place
from aotrace.compiler.codegen.core import RelocKind
from aotrace.compiler.codegen.place import Place
from aotrace.compiler.emitter import Reg
from aotrace.compiler.kernel_types import copy_of
from aotrace.compiler.types import NONE, Array, Space, Str, Struct, Type

if TYPE_CHECKING:
    from aotrace.compiler.codegen.emit import ProgramEmitter


def into(e: ProgramEmitter, source: Place, target: Reg, kind: Type) -> None:
    """Copy what is at a place to the program's own memory, in the form of `kind`."""
    if _is_relocated(source):
        e.zero(target, kind.size)
        _values_into(e, source, target)
    elif isinstance(kind, Str) and kind.padded:
        e.zero(target, kind.capacity)
        place.read_string(e, source, target, min(source.type.size, kind.capacity))
    else:
        place.read_into(e, source, target, min(source.type.size, kind.size))


def _is_relocated(source: Place) -> bool:
    """Whether the target may have the struct, or the array of them, in another form."""
    kind = source.type
    while isinstance(kind, Array):
        kind = kind.element
    return isinstance(kind, Struct) and kind.relocated and source.space is not Space.OWN


def _values_into(e: ProgramEmitter, source: Place, target: Reg) -> None:
    kind = source.type
    if isinstance(kind, Struct):
        for name, kept in copy_of(kind).members.items():
            if kept.type != NONE:
                member = replace(place.field(e, source, name), type=kept.type)
                guarded_into(e, member, e.offset(target, kept.offset), kept.type)
    elif isinstance(kind, Array):
        size = kind.element.size
        for index in range(kind.count):
            item = _element(e, source, index)
            guarded_into(e, item, e.offset(target, index * size), kind.element)


def _element(e: ProgramEmitter, source: Place, index: int) -> Place:
    assert isinstance(source.type, Array)
    if source.steps:
        return place.element(source, index)
    element = source.type.element
    moved = e.op("add", source.base, e.op("mul", place.size_of(e, element), index))
    return place.at(moved, element, source.space)


def guarded_into(e: ProgramEmitter, source: Place, target: Reg, kind: Type) -> None:
    """As into; nothing where the target does not have it. The memory is zero before."""
    if _is_relocated(source):
        _values_into(e, source, target)
        return
    source = replace(source, guarded=True)
    with e.if_(e.fn.core_value(source.access(RelocKind.FIELD_EXISTS))):
        if kind.scalar:
            e.store(target, 0, kind.size, e.word(place.load(e, source)))
        elif kind.size:
            size = place.field_size(e, source, kind.size)
            place.read_into(e, source, target, size)
