"""Type inference: the type of every expression, variable and map.

Bodies are walked until nothing changes: a variable's type is the promotion of all that is assigned
to it, a map's those of its keys and values over the whole script. Mismatches are reported in one
last walk, when types are final, so that an early guess is never shown to a user.
"""

from __future__ import annotations

from collections.abc import Callable

from aotrace.compiler.builtins.record import ProbeContext
from aotrace.compiler.config import Config
from aotrace.compiler.diagnostics import Diagnostics
from aotrace.compiler.kernel.btf import Btf
from aotrace.compiler.sema.fold import Constant
from aotrace.compiler.sema.infer import calls, comptime, leaves, maps, memory, operators, statements
from aotrace.compiler.sema.infer.calls import site_of
from aotrace.compiler.sema.infer.maps import merge_values, readable
from aotrace.compiler.sema.infer.walker import Inference, MapTypes, Walker
from aotrace.compiler.sema.names import Names
from aotrace.compiler.sema.tables import NodeTable
from aotrace.compiler.sema.units import Unit
from aotrace.compiler.syntax import nodes
from aotrace.compiler.syntax.nodes import Node
from aotrace.compiler.types import Type

_MAX_ROUNDS = 32  # each round can only widen types, of which there are few


def infer_types(
    units: list[Unit],
    names: Names,
    constants: NodeTable[Constant],
    btf: Btf,
    config: Config,
    diagnostics: Diagnostics,
) -> Inference:
    """Give every unit its types. Reports each mismatch once, when all types are settled."""
    found = Inference()
    for unit in units:
        unit.constants.below = constants
    silent = Diagnostics()
    _settle(found, units, names, btf, config, silent)
    while maps.give_values(found):
        _settle(found, units, names, btf, config, silent)
    _round(found, units, names, btf, config, diagnostics)
    return found


def _settle(
    found: Inference, units: list[Unit], names: Names, btf: Btf, config: Config,
    silent: Diagnostics,
) -> None:  # fmt: skip
    for _ in range(_MAX_ROUNDS):
        before = _state(found)
        _round(found, units, names, btf, config, silent)
        if _state(found) == before:
            break


def _state(found: Inference) -> object:
    return [
        *((name, m.key, m.value, m.keyed) for name, m in found.maps.items()),
        *((v.name, repr(t)) for (_, v), t in found.variables.items()),
    ]


def _round(
    found: Inference, units: list[Unit], names: Names, btf: Btf, config: Config,
    diagnostics: Diagnostics,
) -> None:  # fmt: skip
    for unit in units:
        context = ProbeContext(unit.probe, btf, config)
        walker = Walker(found, unit, names, context, diagnostics, _HANDLERS)
        if unit.node.predicate:
            walker.visit(unit.node.predicate)
        walker.visit(unit.node.body)


_HANDLERS: dict[type[Node], Callable[..., Type]] = {
    nodes.IntLit: leaves.integer,
    nodes.StrLit: leaves.string,
    nodes.BoolLit: leaves.boolean,
    nodes.Param: leaves.parameter,
    nodes.ParamCount: leaves.parameter_count,
    nodes.Ident: leaves.identifier,
    nodes.Var: leaves.variable,
    nodes.MapRef: maps.scalar_map,
    nodes.MapAccess: maps.map_access,
    nodes.Member: memory.member,
    nodes.Index: memory.index,
    nodes.TupleItem: memory.tuple_item,
    nodes.Unary: operators.unary,
    nodes.Binary: operators.binary,
    nodes.Ternary: comptime.ternary,
    nodes.Comptime: comptime.comptime,
    nodes.TypeInfo: comptime.typeinfo,
    nodes.If: comptime.if_,
    nodes.Cast: operators.cast,
    nodes.Sizeof: operators.sizeof,
    nodes.Offsetof: operators.offsetof,
    nodes.BlockExpr: operators.block_expression,
    nodes.IncDec: operators.inc_dec,
    nodes.TupleLit: operators.tuple_literal,
    nodes.RecordLit: operators.record_literal,
    nodes.Call: calls.call,
    nodes.Assign: statements.assign,
    nodes.Let: statements.let,
    nodes.ForRange: statements.for_range,
    nodes.ForMap: statements.for_map,
}

__all__ = ["Inference", "MapTypes", "infer_types", "merge_values", "readable", "site_of"]
