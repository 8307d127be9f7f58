"""`comptime`: values that are settled when types are, and the branches that they rule out.

What depends on a type (`sizeof`, `typeinfo`, a predicate on types) or on the probe has a value in
each unit of its own. A branch that is ruled out is not looked at by this pass or any later one, so
it may well hold what makes no sense there.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from aotrace.compiler.builtins.record import Builtin, Function
from aotrace.compiler.sema.fold import Constant, fold_binary, fold_unary
from aotrace.compiler.sema.infer import operators
from aotrace.compiler.sema.infer.calls import site_of
from aotrace.compiler.sema.infer.walker import Walker
from aotrace.compiler.sema.units import taken
from aotrace.compiler.syntax import nodes
from aotrace.compiler.syntax.nodes import Node
from aotrace.compiler.types import NONE, Bool, Int, Struct, Type, cut

#: what typeinfo gives, in this order
TYPE_FIELDS = ("btf_id", "base_type", "full_type")


def comptime(w: Walker, node: nodes.Comptime) -> Type:
    """The operand's type; its value joins the unit's constants."""
    kind = w.visit(node.operand)
    value = evaluate(w, node.operand)
    if value is not None:
        w.unit.constants[node] = value
    else:
        w.unit.constants.discard(node)
        if kind != NONE and not _is_known(w, node.operand):
            w.diagnostics.error("Unable to resolve comptime expression", node.span)
    return kind


def if_(w: Walker, node: nodes.If) -> Type:
    w.visit(node.condition)
    below = taken(node, w.constants)
    branches = [node.then, node.other] if below is None else below[1:]
    for branch in branches:
        if branch is not None:
            w.visit(branch)
    return NONE


def ternary(w: Walker, node: nodes.Ternary) -> Type:
    if node in w.constants and not isinstance(node.condition, nodes.Comptime):
        kinds = [
            w.visit(each) for each in (node.condition, node.then or node.condition, node.other)
        ]
        return kinds[1] if w.constants[node.condition] else kinds[2]
    if not isinstance(node.condition, nodes.Comptime):
        return operators.ternary(w, node)
    condition = w.visit(node.condition)
    if node.then is None and w.constants.get(node.condition):
        return condition
    kinds = [w.visit(branch) for branch in (taken(node, w.constants) or [])[1:]]
    return kinds[0] if kinds else NONE


def typeinfo(w: Walker, node: nodes.TypeInfo) -> Type:
    """A record of literals, made where the type is known."""
    kind = w.types_written.of(node.operand)
    if kind == NONE:
        return NONE
    info = (0, kind.family, str(kind))
    known = w.unit.stand_ins.get(node)
    if known is None or [f.value for f in known.fields] != _literals(node, info):  # type: ignore[union-attr]
        fields = zip(TYPE_FIELDS, _literals(node, info), strict=True)
        made = (nodes.RecordField(node.span, name, value) for name, value in fields)
        w.unit.stand_ins[node] = known = nodes.RecordLit(node.span, tuple(made))
    return w.visit(known)


def _literals(node: Node, info: tuple[int | str, ...]) -> list[nodes.IntLit | nodes.StrLit]:
    return [
        nodes.StrLit(node.span, item.encode())
        if isinstance(item, str)
        else nodes.IntLit(node.span, item)
        for item in info
    ]


def evaluate(w: Walker, node: Node) -> Constant | None:
    """The value of an expression that is settled by its types; None where it is not."""
    known = w.constants.get(node)
    if known is not None:
        return known
    rule = _RULES.get(type(node))
    return rule(w, node) if rule else None


def _is_known(w: Walker, node: Node) -> bool:
    """Whether a tuple or record is made of values that are known."""
    if isinstance(node, nodes.TupleLit):
        return all(_is_known(w, item) for item in node.items)
    if isinstance(node, nodes.RecordLit):
        return all(_is_known(w, field.value) for field in node.fields)
    return isinstance(node, nodes.TypeInfo) or evaluate(w, node) is not None


def _unary(w: Walker, node: nodes.Unary) -> Constant | None:
    return fold_unary(node.op, evaluate(w, node.operand))


def _binary(w: Walker, node: nodes.Binary) -> Constant | None:
    left = evaluate(w, node.left)
    if node.op in ("&&", "||") and left is not None and bool(left) == (node.op == "||"):
        return bool(left)
    return fold_binary(node.op, left, evaluate(w, node.right))


def _ternary(w: Walker, node: nodes.Ternary) -> Constant | None:
    condition = evaluate(w, node.condition)
    if condition is None:
        return None
    branch = (node.then or node.condition) if condition else node.other
    return evaluate(w, branch)


def _cast(w: Walker, node: nodes.Cast) -> Constant | None:
    value, kind = evaluate(w, node.operand), w.unit.types.get(node)
    if value is None or isinstance(value, bytes):
        return None
    if isinstance(kind, Bool):
        return bool(value)
    return cut(kind, int(value)) if isinstance(kind, Int) else None


def _call(w: Walker, node: nodes.Call) -> Constant | None:
    entry = w.names.entries.get(node)
    if isinstance(entry, Builtin):
        return _builtin(w, node)
    if not isinstance(entry, Function):
        return None
    site = site_of(node, w.unit, w.context, w.diagnostics)
    if entry.comptime and NONE not in site.types:
        return entry.comptime(site)
    return entry.fold([evaluate(w, arg) for arg in node.args]) if entry.fold else None


def _builtin(w: Walker, node: Node) -> Constant | None:
    entry = w.names.entries.get(node)
    return entry.comptime(w.context) if isinstance(entry, Builtin) and entry.comptime else None


def _sizeof(w: Walker, node: nodes.Sizeof) -> Constant | None:
    """Of a kernel's struct it is the target's to say."""
    kind = w.unit.types.get(node.operand) or NONE
    if kind == NONE or (isinstance(kind, Struct) and kind.relocated):
        return None
    return kind.size


def _member(w: Walker, node: nodes.Member) -> Constant | None:
    made = w.unit.stand_ins.get(node.base)
    if not isinstance(made, nodes.RecordLit):
        return None
    values = {field.name: field.value for field in made.fields}
    return evaluate(w, values[node.name]) if node.name in values else None


def _literal(_w: Walker, node: nodes.IntLit | nodes.StrLit) -> Constant | None:
    return node.value


def _block(w: Walker, node: nodes.BlockExpr) -> Constant | None:
    return None if node.statements else evaluate(w, node.value)


def _index(w: Walker, node: nodes.Index) -> Constant | None:
    text, at = evaluate(w, node.base), evaluate(w, node.index)
    if not isinstance(text, bytes) or not isinstance(at, int):
        return None
    return (text + b"\0")[at] if 0 <= at <= len(text) else None


_RULES: dict[type[Node], Callable[[Walker, Any], Constant | None]] = {
    nodes.IntLit: _literal,
    nodes.StrLit: _literal,
    nodes.Unary: _unary,
    nodes.Binary: _binary,
    nodes.Ternary: _ternary,
    nodes.Cast: _cast,
    nodes.Call: _call,
    nodes.Ident: _builtin,
    nodes.Sizeof: _sizeof,
    nodes.Member: _member,
    nodes.Index: _index,
    nodes.BlockExpr: _block,
    nodes.Comptime: lambda w, node: evaluate(w, node.operand),
}
