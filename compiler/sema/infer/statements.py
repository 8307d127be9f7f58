"""Statements: what is assigned to variables and maps."""

from __future__ import annotations

from aotrace.compiler.sema.infer import maps
from aotrace.compiler.sema.infer.walker import Walker
from aotrace.compiler.sema.operators import binary_type, unreadable
from aotrace.compiler.sema.typeexpr import UNSIZED_TEXT
from aotrace.compiler.syntax import nodes
from aotrace.compiler.syntax.nodes import MapAccess, MapRef
from aotrace.compiler.types import (
    INT64,
    NONE,
    Aggregate,
    Int,
    Pointer,
    Str,
    Tuple,
    Type,
    adopting,
    holds,
    opened,
    padded,
    promote,
)


def assign(w: Walker, node: nodes.Assign) -> Type:
    value, current = w.visit(node.value), w.visit(node.target)
    if node.op != "=":
        value = compound(w, node, current, value)
    if isinstance(node.target, (MapRef, MapAccess)):
        maps.note_value(w, node.target, value, node)
    elif isinstance(node.target, nodes.Var):
        note_variable(w, node.target, value, node)
    return NONE


def compound(w: Walker, node: nodes.Assign, current: Type, value: Type) -> Type:
    current = INT64 if current == NONE else current
    as_binary = nodes.Binary(node.span, node.op[:-1], node.target, node.value, node.op_span)
    return binary_type(as_binary, current, value, w.diagnostics)


def note_variable(
    w: Walker,
    node: nodes.Var,
    value: Type,
    where: nodes.Assign | nodes.Let | nodes.IncDec,
) -> None:
    """`value` is assigned to a variable at `where`."""
    variable = w.names.variables.get(node)
    if variable is None:
        return
    if isinstance(value, Aggregate):
        refuse_aggregate(w, value, where)
        return
    key = (w.unit, variable)
    current = w.found.variables.get(key, NONE)
    declared = w.types_written.read(variable.declared) if variable.declared else NONE
    if declared == UNSIZED_TEXT:
        merged = promote(Str(1) if current == NONE else current, value)
    elif declared != NONE:
        # read anew: what `typeof` stands before may have become wider
        current = adopting(adopting(opened(declared), current), value)
        merged = current if fits(w, current, value, where) else None
    else:
        merged = promote(current, value)
    if merged is not None and not w.holds(merged, where):
        merged = None
    if merged is None:
        w.diagnostics.error(
            f"Type mismatch for ${variable.name}: trying to assign value of type '{value}' "
            f"when variable already has a type '{current}'",
            where.span,
        )
        merged = current
    w.found.variables[key] = w.unit.types[node] = padded(merged)


def refuse_aggregate(
    w: Walker, kind: Aggregate, where: nodes.Assign | nodes.Let | nodes.IncDec
) -> None:
    value = where.target if isinstance(where, nodes.IncDec) else where.value
    unreadable(kind, value or where, w.diagnostics)


def fits(
    w: Walker,
    declared: Type,
    value: Type,
    where: nodes.Assign | nodes.Let | nodes.IncDec,
) -> bool:
    """Whether a declared variable takes a value; integers are cut to its size."""
    if NONE in (declared, value):
        return True
    if isinstance(declared, Pointer) and declared.target == NONE:
        return isinstance(value, Pointer)
    if not (isinstance(declared, Int) and isinstance(value, Int)):
        return promote(declared, value) == declared
    written = not isinstance(where, nodes.IncDec) and getattr(where, "op", "=") == "="
    constant = w.constants.get(where.value) if written and where.value else None  # type: ignore[union-attr]
    if isinstance(constant, int):
        return holds(declared, constant)
    return True


def for_range(w: Walker, node: nodes.ForRange) -> Type:
    first, last = w.visit(node.first), w.visit(node.last)
    both = promote(first, last) if isinstance(first, Int) and isinstance(last, Int) else None
    loop_variable(w, node.var, both or INT64)
    w.visit(node.body)
    return NONE


def loop_variable(w: Walker, node: nodes.Var, kind: Type) -> None:
    """`kind` is what each turn gives the variable; the body may make more of it."""
    if variable := w.names.variables.get(node):
        key = (w.unit, variable)
        merged = promote(w.found.variables.get(key, NONE), kind) or kind
        w.found.variables[key] = w.unit.types[node] = kind if merged == kind else padded(merged)


def for_map(w: Walker, node: nodes.ForMap) -> Type:
    entry = maps.map_of(w, node.map)
    if entry.key is not None and NONE not in (entry.key, entry.value):
        loop_variable(w, node.var, Tuple((entry.key, maps.readable(entry.value))))
    w.visit(node.body)
    return NONE


def let(w: Walker, node: nodes.Let) -> Type:
    value = w.visit(node.value) if node.value else NONE
    note_variable(w, node.var, value, node)
    return NONE
