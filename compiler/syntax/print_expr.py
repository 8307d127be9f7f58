"""Expressions and types as source, with parentheses where the grammar needs them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from aotrace.compiler.syntax import nodes
from aotrace.compiler.syntax.literals import SUFFIXES
from aotrace.compiler.syntax.roles import names_type

# Levels of binding, loosest first. A block stands bare only where nothing binds.
ANY, TERNARY, UNARY, POSTFIX, PRIMARY = 0, 1, 20, 30, 40
_LEVELS = [["||"], ["&&"], ["|"], ["^"], ["&"], ["==", "!="], ["<", ">", "<=", ">="]]
_LEVELS += [["<<", ">>"], ["+", "-"], ["*", "/", "%"]]
BINARY = {op: 2 + level for level, operators in enumerate(_LEVELS) for op in operators}

_ESCAPES = {0x0A: "\\n", 0x09: "\\t", 0x0D: "\\r", 0x22: '\\"', 0x5C: "\\\\"}


def expression(node: nodes.Expr | nodes.TypeExpr, indent: str = "", level: int = ANY) -> str:
    """The expression, in parentheses when what it stands in binds tighter (level) than it does."""
    own, write = _WRITERS[type(node)]
    text = write(node, indent)
    if isinstance(node, nodes.Binary):
        own = BINARY[node.op]
    elif isinstance(node, nodes.IncDec) and node.prefix:
        own = UNARY
    return f"({text})" if own < level else text


def type_text(node: nodes.TypeExpr) -> str:
    """A type as written."""
    return expression(node)


def quoted(value: bytes) -> str:
    """A string literal for the bytes, in printable ASCII."""
    chars = (
        _ESCAPES.get(byte) or (chr(byte) if 0x20 <= byte < 0x7F else f"\\x{byte:02x}")
        for byte in value
    )
    return f'"{"".join(chars)}"'


# --- types -----------------------------------------------------------------------------------


def _named(node: nodes.NamedType, indent: str) -> str:
    return f"{node.tag} {node.name}" if node.tag else node.name


def _pointer(node: nodes.PointerTo, indent: str) -> str:
    target = type_text(node.target)
    return target + ("*" if target.endswith("*") else " *")


def _array(node: nodes.ArrayOf, indent: str) -> str:
    return f"{type_text(node.element)}[{'' if node.count is None else node.count}]"


def _tuple_type(node: nodes.TupleType, indent: str) -> str:
    return _tuple([type_text(item) for item in node.items])


def _tuple(items: list[str]) -> str:
    return f"({items[0]},)" if len(items) == 1 else f"({', '.join(items)})"


def _operand(node: nodes.Expr | nodes.TypeExpr, indent: str) -> str:
    """What stands in `sizeof(…)`: a name or an index in parentheses is no type."""
    text = expression(node, indent)
    return f"({text})" if isinstance(node, (nodes.Ident, nodes.Index)) else text


def _typeof(node: nodes.TypeOf, indent: str) -> str:
    return f"typeof({_operand(node.operand, indent)})"


# --- expressions -----------------------------------------------------------------------------


def _integer(node: nodes.IntLit, indent: str) -> str:
    return f"{node.value // SUFFIXES[node.suffix][1]}{node.suffix}"


def _access(node: nodes.MapAccess, indent: str) -> str:
    several = isinstance(node.key, nodes.TupleLit) and len(node.key.items) > 1
    keys = node.key.items if several and isinstance(node.key, nodes.TupleLit) else (node.key,)
    return f"@{node.map.name}[{', '.join(expression(key, indent) for key in keys)}]"


def _call(node: nodes.Call, indent: str) -> str:
    return f"{node.name}({', '.join(expression(argument, indent) for argument in node.args)})"


def _index(node: nodes.Index, indent: str) -> str:
    return f"{expression(node.base, indent, POSTFIX)}[{expression(node.index, indent)}]"


def _member(node: nodes.Member, indent: str) -> str:
    return f"{expression(node.base, indent, POSTFIX)}{'->' if node.arrow else '.'}{node.name}"


def _item(node: nodes.TupleItem, indent: str) -> str:
    return f"{expression(node.base, indent, POSTFIX)}.{node.index}"


def _unary(node: nodes.Unary, indent: str) -> str:
    operand = expression(node.operand, indent, UNARY)
    return node.op + (f"({operand})" if operand[0] == node.op else operand)


def _step(node: nodes.IncDec, indent: str) -> str:
    target = expression(node.target, indent, PRIMARY)
    return node.op + target if node.prefix else target + node.op


def _binary(node: nodes.Binary, indent: str) -> str:
    level = BINARY[node.op]
    left = expression(node.left, indent, level)
    return f"{left} {node.op} {expression(node.right, indent, level + 1)}"


def _ternary(node: nodes.Ternary, indent: str) -> str:
    condition = expression(node.condition, indent, TERNARY + 1)
    then = "" if node.then is None else f" {expression(node.then, indent, TERNARY)} "
    return f"{condition} ?{then}: {expression(node.other, indent, TERNARY)}"


def _cast(node: nodes.Cast, indent: str) -> str:
    operand = expression(node.operand, indent, UNARY)
    doubtful = operand[0] in "-*&+" and not _surely_type(node.type)
    return f"({type_text(node.type)})" + (f"({operand})" if doubtful else operand)


def _surely_type(node: nodes.TypeExpr) -> bool:
    """Whether a type in parentheses is read as such before an operator."""
    while isinstance(node, nodes.ArrayOf):
        node = node.element
    if not isinstance(node, nodes.NamedType) or node.tag:
        return True
    return names_type(frozenset(), node.name)


def _offsetof(node: nodes.Offsetof, indent: str) -> str:
    return f"offsetof({_operand(node.operand, indent)}, {'.'.join(node.path)})"


def _record(node: nodes.RecordLit, indent: str) -> str:
    fields = (f"{field.name} = {expression(field.value, indent)}" for field in node.fields)
    return f"({', '.join(fields)})"


def _block(node: nodes.BlockExpr, indent: str) -> str:
    from aotrace.compiler.syntax.printer import block_value

    return block_value(node, indent)


Writer = Callable[[Any, str], str]

_WRITERS: dict[type[nodes.Node], tuple[int, Writer]] = {
    nodes.NamedType: (PRIMARY, _named),
    nodes.PointerTo: (PRIMARY, _pointer),
    nodes.ArrayOf: (PRIMARY, _array),
    nodes.TupleType: (PRIMARY, _tuple_type),
    nodes.TypeOf: (PRIMARY, _typeof),
    nodes.IntLit: (PRIMARY, _integer),
    nodes.StrLit: (PRIMARY, lambda node, _: quoted(node.value)),
    nodes.BoolLit: (PRIMARY, lambda node, _: str(node.value).lower()),
    nodes.Ident: (PRIMARY, lambda node, _: node.name),
    nodes.Var: (PRIMARY, lambda node, _: f"${node.name}"),
    nodes.MapRef: (PRIMARY, lambda node, _: f"@{node.name}"),
    nodes.MapAccess: (PRIMARY, _access),
    nodes.Param: (PRIMARY, lambda node, _: f"${node.index}"),
    nodes.ParamCount: (PRIMARY, lambda node, _: "$#"),
    nodes.Call: (PRIMARY, _call),
    nodes.Index: (POSTFIX, _index),
    nodes.Member: (POSTFIX, _member),
    nodes.TupleItem: (POSTFIX, _item),
    nodes.Unary: (UNARY, _unary),
    nodes.IncDec: (POSTFIX, _step),
    nodes.Binary: (ANY, _binary),
    nodes.Ternary: (TERNARY, _ternary),
    nodes.Cast: (UNARY, _cast),
    nodes.Sizeof: (PRIMARY, lambda node, indent: f"sizeof({_operand(node.operand, indent)})"),
    nodes.Offsetof: (PRIMARY, _offsetof),
    nodes.TypeInfo: (PRIMARY, lambda node, indent: f"typeinfo({_operand(node.operand, indent)})"),
    nodes.TupleLit: (PRIMARY, lambda n, i: _tuple([expression(item, i) for item in n.items])),
    nodes.RecordLit: (PRIMARY, _record),
    nodes.BlockExpr: (ANY, _block),
    nodes.Comptime: (UNARY, lambda node, i: f"comptime {expression(node.operand, i, UNARY)}"),
}
