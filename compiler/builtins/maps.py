"""Functions on maps and their keys."""

from __future__ import annotations

from functools import partial

from aotrace.compiler.builtins.record import EventSpec, MapFunction
from aotrace.compiler.builtins.stacks import LENGTH
from aotrace.compiler.emitter import Emitter, Reg
from aotrace.compiler.syntax.nodes import MapRef
from aotrace.compiler.types import INT64, NONE, Bool


def _delete(e: Emitter, ref: MapRef, key: Reg) -> Reg:
    return e.op("eq", e.helper("map_delete_elem", e.map(ref), key), 0)


def _has_key(e: Emitter, ref: MapRef, key: Reg) -> Reg:
    return e.op("ne", e.helper("map_lookup_elem", e.map(ref), key), 0)


def _whole(action: str, ref: MapRef) -> EventSpec:
    return EventSpec(action, map=ref)


def _len(e: Emitter, ref: MapRef, _key: Reg) -> Reg:
    return e.count_entries(ref)


MAPS = (
    MapFunction(
        "len",
        "How many keys a map has, or frames a stack.",
        False,
        INT64,
        emit=_len,
        wants_keys=True,
        of_value=LENGTH,
    ),
    MapFunction(
        "find",
        "Whether a key is there; if so, the variable gets its value: find(@m, key, $v).",
        True,
        Bool(),
        emit=_has_key,
        wants_keys=True,
        assigns=True,
    ),
    MapFunction(
        "delete", "Delete a key; true if it was there.", True, Bool(), emit=_delete, acts=True
    ),
    MapFunction("has_key", "Whether a key is there.", True, Bool(), emit=_has_key),
    MapFunction("clear", "Delete every key of a map.", False, NONE, event=partial(_whole, "clear")),
    MapFunction(
        "zero", "Set every value of a map to zero.", False, NONE, event=partial(_whole, "zero")
    ),
)
