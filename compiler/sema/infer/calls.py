"""Calls, as their records type them."""

from __future__ import annotations

from aotrace.compiler.builtins.record import (
    AggregateFunction,
    Builtin,
    Function,
    MapFunction,
    ProbeContext,
    Site,
    match_parameters,
    takes_maps,
)
from aotrace.compiler.diagnostics import Diagnostics
from aotrace.compiler.sema.infer import leaves, maps
from aotrace.compiler.sema.infer.walker import Walker
from aotrace.compiler.sema.params import text_arguments
from aotrace.compiler.sema.units import Unit
from aotrace.compiler.syntax import nodes
from aotrace.compiler.syntax.nodes import MapAccess, MapRef
from aotrace.compiler.types import NONE, Type


def call(w: Walker, node: nodes.Call) -> Type:
    entry = w.names.entries.get(node)
    if entry is None and (unknown := w.names.unknown.get(node)):
        text, *hints = unknown
        w.diagnostics.error(text, node.name_span, *hints)
    if isinstance(entry, Builtin):
        return leaves.builtin(w, entry, node)
    if isinstance(entry, MapFunction):
        return map_call(w, node, entry)
    site = make_site(w, node)
    if isinstance(entry, (Function, AggregateFunction)):
        return entry.type(site) if NONE not in site.types else NONE
    return NONE


def _argument(w: Walker, arg: nodes.Node, whole: bool) -> Type:
    """A value's type, or the type that stands there. whole: a map is not read, but named."""
    if whole and isinstance(arg, MapRef):
        kind = w.unit.types[arg] = maps.named(w, arg)
        return kind
    if not isinstance(arg, nodes.TypeOf):
        return w.visit(arg)
    kind = w.unit.types[arg] = w.types_written.of(arg.operand)
    return kind


def make_site(w: Walker, node: nodes.Call) -> Site:
    parameters = getattr(w.names.entries.get(node), "parameters", ())
    whole = [takes_maps(parameter) for parameter in match_parameters(parameters, len(node.args))]
    whole += [False] * (len(node.args) - len(whole))
    types = [_argument(w, arg, named) for arg, named in zip(node.args, whole, strict=True)]
    constants = tuple(w.constants.get(arg) for arg in node.args)
    for index in text_arguments(w.names.entries.get(node), node.args, constants):
        types[index] = leaves.as_text(w, node.args[index])
    return Site(node, tuple(types), constants, w.context, w.diagnostics)


def map_call(w: Walker, node: nodes.Call, entry: MapFunction) -> Type:
    for place, arg in enumerate(node.args):
        _argument(w, arg, whole=place == 0)
    target = node.args[0] if node.args else None
    if len(node.args) == 2 and isinstance(target, MapRef):
        access = MapAccess(node.span, target, node.args[1])  # type: ignore[arg-type]
        maps.note_key(w, access, w.unit.types.get(access.key) or NONE)
    return entry.type


def site_of(node: nodes.Call, unit: Unit, context: ProbeContext, diagnostics: Diagnostics) -> Site:
    """The call as its record's callbacks see it, once types are final."""
    types = tuple(unit.types.get(arg) or NONE for arg in node.args)
    values = tuple(unit.constants.get(arg) for arg in node.args)
    return Site(node, types, values, context, diagnostics)
