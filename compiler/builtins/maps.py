"""Functions on maps and their keys."""

from __future__ import annotations

from functools import partial

from aotrace.compiler.builtins.record import EventSpec, MapFunction
from aotrace.compiler.emitter import Emitter, Reg
from aotrace.compiler.syntax.nodes import MapRef
from aotrace.compiler.types import NONE, Bool


def _delete(e: Emitter, ref: MapRef, key: Reg) -> Reg:
    return e.op("eq", e.helper("map_delete_elem", e.map(ref), key), 0)


def _has_key(e: Emitter, ref: MapRef, key: Reg) -> Reg:
    return e.op("ne", e.helper("map_lookup_elem", e.map(ref), key), 0)


def _whole(action: str, ref: MapRef) -> EventSpec:
    return EventSpec(action, map=ref)


MAPS = (
    MapFunction("delete", "Delete a key; true if it was there.", True, Bool(), emit=_delete),
    MapFunction("has_key", "Whether a key is there.", True, Bool(), emit=_has_key),
    MapFunction("clear", "Delete every key of a map.", False, NONE, event=partial(_whole, "clear")),
    MapFunction(
        "zero", "Set every value of a map to zero.", False, NONE, event=partial(_whole, "zero")
    ),
)
