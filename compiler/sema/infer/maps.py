"""Maps: what a script's uses say of keys and values."""

from __future__ import annotations

from aotrace.compiler.builtins import BY_NAME
from aotrace.compiler.builtins.record import AggregateFunction
from aotrace.compiler.sema.infer.walker import Inference, MapTypes, Walker
from aotrace.compiler.syntax.nodes import Assign, MapAccess, MapRef, Node
from aotrace.compiler.types import INT64, NONE, Aggregate, Int, Type, padded, promote


def map_of(w: Walker, ref: MapRef) -> MapTypes:
    return w.found.maps.setdefault(ref.name, MapTypes())


def give_values(found: Inference) -> bool:
    """Maps that are read and that nothing tells the type of hold no integer: what is read is 0.

    First those that nothing is assigned to; then those whose values come from themselves, one by
    one. False if there is none.
    """
    silent = [m for m in found.maps.values() if m.value == NONE]
    empty = [m for m in silent if (m.key if m.keyed else m.read)]
    for entry in [m for m in empty if not m.assigned] or empty[:1]:
        entry.value = INT64
    return bool(empty)


def scalar_map(w: Walker, node: MapRef) -> Type:
    """A map named as a value: only one without keys is one."""
    map_of(w, node).read = True
    return named(w, node)


def named(w: Walker, node: MapRef) -> Type:
    return readable(map_of(w, node).value)


def map_access(w: Walker, node: MapAccess) -> Type:
    note_key(w, node, w.visit(node.key))
    return readable(map_of(w, node.map).value)


def note_key(w: Walker, access: MapAccess, key: Type) -> None:
    entry = map_of(w, access.map)
    if not noted_keyed(w, access, True):
        return
    merged = promote(entry.key or NONE, key)
    if merged is None:
        w.diagnostics.error(
            f"Argument mismatch for @{access.map.name}: trying to access with arguments: "
            f"'{key}' when map expects arguments: '{entry.key}'",
            access.span,
        )
    else:
        entry.key = padded(merged) if merged != NONE else entry.key


def noted_keyed(w: Walker, node: MapRef | MapAccess, keyed: bool) -> bool:
    """The first use settles whether a map has keys; False after an error."""
    ref = node.map if isinstance(node, MapAccess) else node
    entry = map_of(w, ref)
    if entry.keyed in (None, keyed):
        entry.keyed = keyed
        return True
    before, hint = ("with", "write @{}[…]") if entry.keyed else ("without", "write @{}")
    w.diagnostics.error(
        f"@{ref.name} is used {'with' if keyed else 'without'} a key, "
        f"but {before} one before",
        node.span, hint.format(ref.name),
    )  # fmt: skip
    return False


def note_value(w: Walker, target: MapRef | MapAccess, value: Type, span_of: Node) -> None:
    ref = target.map if isinstance(target, MapAccess) else target
    entry = map_of(w, ref)
    if isinstance(target, MapRef) and not noted_keyed(w, target, False):
        return
    entry.assigned = True
    merged = merge_values(entry.value, value)
    if merged is None or not w.holds(merged, span_of):
        differs = str(value) != str(entry.value)
        w.diagnostics.error(
            f"Type mismatch for @{ref.name}: trying to assign value of type '{value}' "
            f"when map already has a type '{entry.value}'"
            + ("" if differs else " with other parameters"),
            span_of.span,
        )
    else:
        entry.value = merged
        entry.settled |= value != NONE and not _summed_up(w, span_of)
    w.unit.types[target] = entry.value


def _summed_up(w: Walker, where: Node) -> bool:
    """Whether what is assigned is read from a map that sums up."""
    value = where.value if isinstance(where, Assign) else None
    ref = value.map if isinstance(value, MapAccess) else value
    return isinstance(ref, MapRef) and isinstance(map_of(w, ref).value, Aggregate)


def merge_values(current: Type, new: Type) -> Type | None:
    """The type of a map's values after one more; None where the two do not mix."""
    if new == NONE:
        return current
    if isinstance(current, Aggregate) and isinstance(new, Aggregate):
        signs_differ = current.name == new.name and current.signed != new.signed
        return (current if current.signed else new) if signs_differ or current == new else None
    if isinstance(current, Aggregate) or isinstance(new, Aggregate):
        return new if current == NONE else None
    merged = promote(current, new)
    return _map_value(padded(merged)) if merged else None


def readable(kind: Type) -> Type:
    """What a map's value reads as: an aggregate of which a number can be made is an integer."""
    if isinstance(kind, Aggregate) and (entry := _function(kind)) and entry.result:
        return Int(8, kind.signed)
    return kind


def is_printable(kind: Type) -> bool:
    """Whether one key's value can be printed, where the map is of aggregates."""
    entry = _function(kind) if isinstance(kind, Aggregate) else None
    return entry is not None and entry.merge is not None


def _function(kind: Aggregate) -> AggregateFunction | None:
    entry = BY_NAME.get(kind.name)
    return entry if isinstance(entry, AggregateFunction) else None


def _map_value(kind: Type) -> Type:
    """Maps keep plain integers in 64 bits, so that they can be changed in place."""
    return Int(8, kind.signed, kind.flexible) if type(kind) is Int else kind
