"""Operators, casts, and values made of values."""

from __future__ import annotations

from dataclasses import replace

from aotrace.compiler.diagnostics import did_you_mean
from aotrace.compiler.kernel_types import field_names, field_of, incomplete, redefined
from aotrace.compiler.sema.casts import cast_type
from aotrace.compiler.sema.infer import leaves, maps, memory, statements
from aotrace.compiler.sema.infer.walker import Walker
from aotrace.compiler.sema.names import is_args
from aotrace.compiler.sema.operators import binary_type, unary_type
from aotrace.compiler.syntax import nodes
from aotrace.compiler.syntax.nodes import MapAccess, MapRef, Node
from aotrace.compiler.types import (
    INT64,
    NONE,
    UINT64,
    Bool,
    Int,
    Pointer,
    Record,
    Space,
    Str,
    Struct,
    Tuple,
    Type,
    literal,
    promote,
)


def unary(w: Walker, node: nodes.Unary) -> Type:
    if is_args(node):
        return w.visit(node.operand)
    if node.op == "&":
        return address_of(w, node)
    operand = w.visit(node.operand)
    constant = w.constants.get(node)
    if isinstance(constant, int) and not isinstance(constant, bool):
        return UINT64 if node.op == "~" else literal(constant)
    found = unary_type(node, operand, w.diagnostics)
    return memory.lying_by(w, node.operand, found) if node.op == "*" else found


def address_of(w: Walker, node: nodes.Unary) -> Type:
    """A pointer to a variable, or to a map as a whole, typed by its values."""
    if isinstance(node.operand, MapRef):
        kind = maps.map_of(w, node.operand).value
        return NONE if kind == NONE else Pointer(kind, Space.OWN)
    if isinstance(node.operand, nodes.Var):
        kind = w.visit(node.operand)
        return NONE if kind == NONE else Pointer(kind, Space.OWN)
    w.visit(node.operand)
    w.diagnostics.error(
        "address-of operator (&) can only be used on a map or variable", node.span,
        "assign the value to a variable first",
    )  # fmt: skip
    return NONE


def binary(w: Walker, node: nodes.Binary) -> Type:
    left, right = w.visit(node.left), w.visit(node.right)
    if isinstance(node.left, nodes.Param) and isinstance(right, Str):
        left = leaves.as_text(w, node.left)
    if isinstance(node.right, nodes.Param) and isinstance(left, Str):
        right = leaves.as_text(w, node.right)
    constant = w.constants.get(node)
    if isinstance(constant, bytes):
        return Str(len(constant) + 1, whole=True)
    if isinstance(constant, bool) and isinstance(left, Str) and isinstance(right, Str):
        return Bool()
    found = binary_type(node, left, right, w.diagnostics)
    if isinstance(constant, int) and isinstance(left, Int) and isinstance(right, Int):
        return found if isinstance(constant, bool) else literal(constant)
    return stepping(w, found, node)


def stepping(w: Walker, kind: Type, node: Node) -> Type:
    """The type of a pointer that is moved by elements; reports one whose size is not known."""
    if isinstance(kind, Pointer) and incomplete(kind.target):
        w.diagnostics.error(
            f"the size of `{kind.target}` is not known: it is declared only", node.span
        )
        return NONE
    return kind


def ternary(w: Walker, node: nodes.Ternary) -> Type:
    condition = w.visit(node.condition)
    then = w.visit(node.then) if node.then else condition
    other = w.visit(node.other)
    settled = w.constants.get(node.condition)
    if settled is not None:
        return then if settled else other
    merged = promote(then, other)
    if merged is None:
        w.diagnostics.error(
            f"Ternary operator must return the same type: have '{then}' and '{other}'",
            node.span,
        )
    return merged or NONE


def cast(w: Walker, node: nodes.Cast) -> Type:
    operand = w.visit(node.operand)
    target = w.types_written.read(node.type)
    if NONE in (operand, target):
        return target
    if isinstance(target, Pointer) and isinstance(operand, Str) and memory.is_place(node.operand):
        return Pointer(target.target, memory.space_of(w, node.operand))
    found = cast_type(target, operand)
    if found is None:
        w.diagnostics.error(f"Cannot cast from '{operand}' to '{target}'", node.span)
    if isinstance(found, Pointer):
        known = isinstance(operand, Pointer) and operand.trusted and operand == found
        return replace(found, space=w.context.space_of(operand), trusted=known)
    return found or target


def sizeof(w: Walker, node: nodes.Sizeof) -> Type:
    w.unit.types[node.operand] = found = w.types_written.of(node.operand)
    stepping(w, Pointer(found), node)
    return UINT64


def offsetof(w: Walker, node: nodes.Offsetof) -> Type:
    """The struct's type is kept at the operand, for codegen."""
    found = w.types_written.of(node.operand)
    w.unit.types[node.operand] = found = memory.pointed(found)
    for name in node.path:
        if not isinstance(found, Struct):
            w.diagnostics.error(f"'{found}' is not a struct or union", node.span)
            return UINT64
        info = field_of(found, name)
        if info is None:
            hints = did_you_mean(name, field_names(found))
            w.diagnostics.error(f"`{found}` has no field `{name}`", node.span, *hints)
            return UINT64
        found = redefined(info.type, w.context.btf)
    return UINT64


def block_expression(w: Walker, node: nodes.BlockExpr) -> Type:
    for statement in node.statements:
        w.visit(statement)
    return w.visit(node.value)


def inc_dec(w: Walker, node: nodes.IncDec) -> Type:
    target = node.target
    if isinstance(target, (MapRef, MapAccess)):
        current = w.visit(target)
        kind = current if isinstance(current, Pointer) else stepped(node.op, current)
        maps.note_value(w, target, kind, node)
        return kind
    found = w.visit(target)
    if found != NONE and not isinstance(found, (Int, Pointer)):
        w.diagnostics.error(
            f"The {node.op} operator can not be used on expressions of type '{found}'",
            node.span,
        )
    elif isinstance(target, nodes.Var) and isinstance(found, Int):
        statements.note_variable(w, target, stepped(node.op, found), node)
    return stepping(w, found, node)


def tuple_literal(w: Walker, node: nodes.TupleLit) -> Type:
    return Tuple(tuple(w.visit(item) for item in node.items))


def record_literal(w: Walker, node: nodes.RecordLit) -> Type:
    items = tuple(w.visit(f.value) for f in node.fields)
    return Record(tuple(f.name for f in node.fields), items)


def stepped(op: str, kind: Type) -> Type:
    """The type of an integer after ++ or --."""
    unsigned = op == "++" and isinstance(kind, Int) and not kind.signed
    return UINT64 if unsigned else INT64
