"""Fields, elements and items: what lies in memory."""

from __future__ import annotations

from aotrace.compiler.diagnostics import did_you_mean
from aotrace.compiler.kernel_types import field_names, field_of
from aotrace.compiler.sema.fold import Constant
from aotrace.compiler.sema.infer import operators
from aotrace.compiler.sema.infer.walker import Walker
from aotrace.compiler.sema.names import is_args
from aotrace.compiler.syntax import nodes
from aotrace.compiler.syntax.nodes import Node
from aotrace.compiler.types import (
    NONE,
    Array,
    Bool,
    Int,
    Pointer,
    Record,
    Space,
    Str,
    Struct,
    Tuple,
    Type,
    lying_in,
)


def member(w: Walker, node: nodes.Member) -> Type:
    if is_args(node.base):
        return argument(w, node)
    base = w.visit(node.base)
    outer = base
    while isinstance(outer, Pointer):
        outer = lying_in(outer.target, outer.space)
    if isinstance(outer, Struct):
        return field(w, node, outer)
    if isinstance(outer, Record):
        return record_item(w, node, outer)
    if base != NONE:
        w.diagnostics.error(
            f"cannot take field `{node.name}` of a value of type '{base}'", node.field_span,
            "cast it to a pointer to the struct that it points to",
        )  # fmt: skip
    return NONE


def field(w: Walker, node: nodes.Member, base: Struct) -> Type:
    info = field_of(base, node.name)
    if info is None:
        hints = did_you_mean(node.name, field_names(base))
        w.diagnostics.error(f"`{base}` has no field `{node.name}`", node.field_span, *hints)
        return NONE
    if info.type == NONE:
        w.diagnostics.error(
            f"the field `{node.name}` is no integer, pointer, array or struct", node.field_span,
            "BPF has no floating point",
        )  # fmt: skip
    if isinstance(w.unit.types.get(node.base), Pointer):
        return lying_in(info.type, base.inside)
    return lying_by(w, node.base, info.type)


def lying_by(w: Walker, node: Node, kind: Type) -> Type:
    """The type of what is read at `node`: a pointer in user memory points to user memory."""
    return lying_in(kind, space_of(w, node))


def is_place(node: Node) -> bool:
    """Whether what it denotes lies in memory that stays: its address can be kept."""
    if isinstance(node, nodes.Unary):
        return node.op == "*"
    return isinstance(node, (nodes.Member, nodes.Index, nodes.Var))


def space_of(w: Walker, node: Node) -> Space:
    """Which memory an lvalue or what a pointer points to lies in."""
    kind = w.unit.types.get(node)
    if isinstance(kind, Struct):
        return kind.inside
    while not isinstance(kind, Pointer) and isinstance(node, (nodes.Member, nodes.Index)):
        node = node.base
        kind = w.unit.types.get(node)
    if isinstance(node, nodes.Unary) and not isinstance(kind, Pointer):
        kind = w.unit.types.get(node.operand)
    if not isinstance(kind, Pointer):
        return Space.KERNEL
    copied = kind.space is Space.OWN and isinstance(kind.target, Struct)
    return kind.target.inside if copied else kind.space  # type: ignore[attr-defined]


def record_item(w: Walker, node: nodes.Member, base: Record) -> Type:
    if node.name in base.names:
        return base.items[base.names.index(node.name)]
    hints = did_you_mean(node.name, base.names) or (f"it has: {', '.join(base.names)}",)
    w.diagnostics.error(f"the record has no `{node.name}`", node.field_span, *hints)
    return NONE


def argument(w: Walker, node: nodes.Member) -> Type:
    arguments = w.unit.probe.arguments
    kind = w.unit.probe.kind.name
    if arguments is None:
        w.diagnostics.error(f"`args` is not available in {kind} probes", node.span)
        return NONE
    found = arguments.get(node.name)
    if found is None:
        known = ", ".join(arguments)
        hints = did_you_mean(node.name, arguments) or (f"it has: {known}",)
        text = f"`{w.unit.probe.text}` has no argument `{node.name}`"
        w.diagnostics.error(text, node.field_span, *hints)
        return NONE
    return found.type


def index(w: Walker, node: nodes.Index) -> Type:
    base, index = w.visit(node.base), w.visit(node.index)
    if index != NONE and not isinstance(index, (Int, Bool)):
        w.diagnostics.error(f"an index must be an integer, not '{index}'", node.index.span)
    constant = w.constants.get(node.index)
    if constant is None and isinstance(index, Int) and index.signed and not index.flexible:
        w.diagnostics.error(
            f"an index must not be negative, and this is of the type '{index}'", node.index.span,
            "cast it: (uint64)…",
        )  # fmt: skip
    if isinstance(base, Array):
        check_bound(w, node, base.count, constant)
        return lying_by(w, node.base, base.element)
    if isinstance(base, Pointer) and base.target != NONE:
        stepped_over = operators.stepping(w, base, node)
        return lying_by(w, node.base, base.target) if stepped_over != NONE else NONE
    if isinstance(base, Str):
        check_bound(w, node, base.capacity, constant)
        return Int(1, True)
    if isinstance(base, Tuple) and isinstance(constant, int):
        return tuple_item_at(w, base, constant, node)
    if base != NONE:
        w.diagnostics.error(f"cannot index a value of type '{base}'", node.base.span)
    return NONE


def check_bound(w: Walker, node: nodes.Index, count: int, constant: Constant | None) -> None:
    if isinstance(constant, int) and (constant < 0 or 0 < count <= constant):
        w.diagnostics.error(
            f"the index {constant} is out of bounds for array of size {count}",
            node.index.span,
        )


def tuple_item(w: Walker, node: nodes.TupleItem) -> Type:
    base = w.visit(node.base)
    if isinstance(base, Tuple):
        return tuple_item_at(w, base, node.index, node)
    if base != NONE:
        w.diagnostics.error(f"a value of type '{base}' has no item .{node.index}", node.span)
    return NONE


def tuple_item_at(w: Walker, base: Tuple, index: int, node: Node) -> Type:
    if 0 <= index < len(base.items):
        return base.items[index]
    w.diagnostics.error(f"the tuple has {len(base.items)} items, no item {index}", node.span)
    return NONE


def pointed(kind: Type) -> Type:
    """What a pointer to a struct points to; any other type as it is."""
    return kind.target if isinstance(kind, Pointer) else kind
