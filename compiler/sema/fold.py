"""Constant folding: the values that are known at build time.

Integers are 64 bits wide and wrap; division by zero is left to the check pass.
"""

from __future__ import annotations

from collections.abc import Callable

from aotrace.compiler.builtins.record import Function
from aotrace.compiler.sema.names import Names
from aotrace.compiler.sema.tables import NodeTable
from aotrace.compiler.syntax import nodes
from aotrace.compiler.syntax.nodes import Node, Program
from aotrace.compiler.syntax.walk import children

Constant = int | bytes | bool

_INTEGERS: dict[str, Callable[[int, int], int]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "&": lambda a, b: a & b,
    "|": lambda a, b: a | b,
    "^": lambda a, b: a ^ b,
    "<<": lambda a, b: a << (b & 63),
    ">>": lambda a, b: a >> (b & 63),
}
_COMPARISONS: dict[str, Callable[[int | bytes, int | bytes], bool]] = {
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
}
_ORDERED: dict[str, Callable[[int, int], bool]] = {
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}
_DIVISIONS: dict[str, Callable[[int, int], int]] = {
    "/": lambda a, b: a // b,
    "%": lambda a, b: a % b,
}


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
    if op in ("-", "~", "+") and not (op == "~" and isinstance(value, bool)):
        number = {"-": -value, "~": ~value, "+": +value}[op]
        return _wrap(number, signed=op != "~")  # as 0.27: ~0 is the largest uint64
    return None


def fold_binary(op: str, left: Constant | None, right: Constant | None) -> Constant | None:
    """The value of `left op right`."""
    if left is None or right is None:
        return None
    if op in _COMPARISONS and isinstance(left, bytes) == isinstance(right, bytes):
        return _COMPARISONS[op](left, right)
    if isinstance(left, bytes) or isinstance(right, bytes):
        return None
    return _fold_numbers(op, left, right)


def _fold_numbers(op: str, left: int, right: int) -> Constant | None:
    if op in _ORDERED:
        return _ORDERED[op](left, right)
    if op in ("&&", "||"):
        return bool(left and right) if op == "&&" else bool(left or right)
    signed = min(left, right) < 0 or op == "-"
    if op in _DIVISIONS:
        return _DIVISIONS[op](left, right) if left >= 0 and right > 0 else None
    return _wrap(_INTEGERS[op](left, right), signed) if op in _INTEGERS else None


def _wrap(value: int, signed: bool) -> int:
    value &= (1 << 64) - 1
    return value - (1 << 64) if signed and value >> 63 else value


_RULES: dict[type[Node], Callable[..., Constant | None]] = {
    nodes.IntLit: _Folder.literal,
    nodes.StrLit: _Folder.literal,
    nodes.BoolLit: _Folder.literal,
    nodes.Ident: _Folder.identifier,
    nodes.Unary: _Folder.unary,
    nodes.Binary: _Folder.binary,
    nodes.Call: _Folder.call,
    nodes.Comptime: _Folder.comptime,
}
