"""Constant folding: the values that are known at build time.

As in bpftrace 0.27, literals are exact: a result that neither int64 nor uint64 holds is none, and
so is a division by zero. The check pass reports them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from aotrace.compiler.builtins.record import Function
from aotrace.compiler.sema.names import Names
from aotrace.compiler.sema.tables import NodeTable
from aotrace.compiler.syntax import nodes
from aotrace.compiler.syntax.nodes import Node, Program
from aotrace.compiler.syntax.walk import children

Constant = int | bytes | bool

_BITS = 64
_UINT64_MAX = (1 << _BITS) - 1
_INT64_MAX = _UINT64_MAX >> 1
_INTEGERS: dict[str, Callable[[int, int], int]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "&": lambda a, b: a & b,
    "|": lambda a, b: a | b,
    "^": lambda a, b: a ^ b,
}
_COMPARISONS: dict[str, Callable[[int | bytes, int | bytes], bool]] = {
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
}
_ORDERED: dict[str, Callable[[Any, Any], bool]] = {
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}
_TEXTS = {**_ORDERED, **_COMPARISONS}


def fold_constants(program: Program, names: Names) -> NodeTable[Constant]:
    """The value of each expression that has one at build time."""
    folder = _Folder(names)
    for probe in (*program.map_decls, *program.probes):
        folder.visit(probe)
    return folder.values


class _Folder:
    def __init__(self, names: Names) -> None:
        self.names = names
        self.values: NodeTable[Constant] = NodeTable()

    def visit(self, node: Node) -> None:
        for child in children(node):
            self.visit(child)
        rule = _RULES.get(type(node))
        value = rule(self, node) if rule else None
        if value is not None:
            self.values[node] = value

    def literal(self, node: nodes.IntLit | nodes.StrLit | nodes.BoolLit) -> Constant:
        return node.value

    def identifier(self, node: nodes.Ident) -> Constant | None:
        if word := self.names.words.get(node):
            return word.encode()
        constant = self.names.constants.get(node)
        # an enumerator's value is the target's to say: only numbers are folded
        return constant.value if constant and constant.enum_id is None else None

    def unary(self, node: nodes.Unary) -> Constant | None:
        return fold_unary(node.op, self.values.get(node.operand))

    def binary(self, node: nodes.Binary) -> Constant | None:
        return fold_binary(node.op, self.values.get(node.left), self.values.get(node.right))

    def ternary(self, node: nodes.Ternary) -> Constant | None:
        """As 0.27 has it, only where all three are known."""
        condition, then = self.values.get(node.condition), node.then or node.condition
        values = self.values.get(then), self.values.get(node.other)
        if condition is None or isinstance(condition, bytes) or None in values:
            return None
        return values[0] if condition else values[1]

    def comptime(self, node: nodes.Comptime) -> Constant | None:
        return self.values.get(node.operand)

    def call(self, node: nodes.Call) -> Constant | None:
        entry = self.names.entries.get(node)
        if not isinstance(entry, Function) or entry.fold is None:
            return None
        return entry.fold([self.values.get(arg) for arg in node.args])


def fold_unary(op: str, value: Constant | None) -> Constant | None:
    """The value of `op value`."""
    if value is None or isinstance(value, bytes):
        return None
    if op == "!":
        return not value
    if op in ("-", "~", "+") and not isinstance(value, bool):
        number = {"-": -value, "~": ~value, "+": +value}[op]
        if number < -_INT64_MAX - 1 and op == "-":
            return None
        return _wrap(number, signed=False) if op == "~" else number  # ~0 is the largest uint64
    return None


def fold_binary(op: str, left: Constant | None, right: Constant | None) -> Constant | None:
    """The value of `left op right`."""
    if left is None or right is None:
        return None
    if op in _COMPARISONS and isinstance(left, bytes) == isinstance(right, bytes):
        return _COMPARISONS[op](left, right)
    if isinstance(left, bytes) or isinstance(right, bytes):
        return _fold_texts(op, left, right)
    if isinstance(left, bool) and isinstance(right, bool) and op not in (*_ORDERED, "&&", "||"):
        return None  # a bool again, which the program computes
    return _fold_numbers(op, left, right)


def _fold_texts(op: str, left: Constant, right: Constant) -> Constant | None:
    """Texts are joined and compared; of a text and a number, the text from that place on."""
    if isinstance(left, bytes) and isinstance(right, bytes):
        return left + right if op == "+" else _TEXTS[op](left, right) if op in _TEXTS else None
    text, number = (left, right) if isinstance(left, bytes) else (right, left)
    if op != "+" or type(number) is not int or number < 0 or not isinstance(text, bytes):
        return None
    return text[number:]


def _fold_numbers(op: str, left: int, right: int) -> Constant | None:
    if op in _ORDERED:
        return _ORDERED[op](left, right)
    if op in ("&&", "||"):
        return bool(left and right) if op == "&&" else bool(left or right)
    if min(left, right) < 0 and max(left, right) > _INT64_MAX:
        return None  # no type has both
    if op in ("/", "%"):
        return _divide(op, left, right) if right else None
    if op in ("<<", ">>"):
        return _shift(op, left, right) if 0 <= right < _BITS else None
    value = _INTEGERS[op](left, right) if op in _INTEGERS else None
    return value if value is not None and -_INT64_MAX - 1 <= value <= _UINT64_MAX else None


def _divide(op: str, left: int, right: int) -> int:
    """As C does: towards zero; the rest has the sign of what is divided."""
    quotient = abs(left) // abs(right)
    quotient = -quotient if (left < 0) != (right < 0) else quotient
    return quotient if op == "/" else left - quotient * right


def _shift(op: str, left: int, right: int) -> int:
    return _wrap(left << right, signed=left < 0) if op == "<<" else left >> right


def _wrap(value: int, signed: bool) -> int:
    value &= _UINT64_MAX
    return value - (1 << _BITS) if signed and value > _INT64_MAX else value


_RULES: dict[type[Node], Callable[..., Constant | None]] = {
    nodes.IntLit: _Folder.literal,
    nodes.StrLit: _Folder.literal,
    nodes.BoolLit: _Folder.literal,
    nodes.Ident: _Folder.identifier,
    nodes.Unary: _Folder.unary,
    nodes.Binary: _Folder.binary,
    nodes.Call: _Folder.call,
    nodes.Comptime: _Folder.comptime,
    nodes.Ternary: _Folder.ternary,
}
