"""The types that operators give, by bpftrace 0.27's rules (docs/language.md, "Operators")."""

from __future__ import annotations

from aotrace.compiler.diagnostics import Diagnostics
from aotrace.compiler.syntax.nodes import Binary, Call, Node, Unary
from aotrace.compiler.types import (
    INT64,
    NONE,
    UINT64,
    Aggregate,
    Array,
    Bool,
    Buffer,
    Inet,
    Int,
    KernelSymbol,
    Mac,
    Pointer,
    Record,
    Stack,
    Str,
    Struct,
    Tuple,
    Type,
    UserSymbol,
    promote,
)

COMPARISONS = frozenset({"==", "!=", "<", "<=", ">", ">="})
EQUALITY = frozenset({"==", "!="})
LOGICAL = frozenset({"&&", "||"})
_BYTEWISE = (Str, Buffer, Inet, Mac, Array, Tuple, Record, Struct, KernelSymbol, UserSymbol, Stack)


def unreadable(kind: Aggregate, node: Node, diagnostics: Diagnostics) -> None:
    """Report that the script uses a per-CPU value: reads it, or calls its function out of place."""
    if isinstance(node, Call):
        message = f"{node.name}() can only be assigned to a map with ="
        diagnostics.error(message, node.span, f"write @ = {node.name}(…)")
        return
    message = f"a value of type '{kind}' cannot be read in the script"
    diagnostics.error(message, node.span, "print the map as a whole")


def unary_type(node: Unary, operand: Type, diagnostics: Diagnostics) -> Type:
    """The type of `op operand`; reports an operand that the operator does not take."""
    if operand == NONE:
        return NONE
    if isinstance(operand, Aggregate):
        unreadable(operand, node.operand, diagnostics)
        return NONE
    if node.op == "*":
        return _dereferenced(node, operand, diagnostics)
    if node.op == "!" and is_condition(operand):
        return Bool()
    if node.op in ("~", "-") and isinstance(operand, Bool):
        return _refuse(node.op, node, diagnostics, operand)
    if node.op in ("-", "~", "+") and isinstance(operand, (Int, Bool)):
        if node.op == "-":
            return INT64
        return INT64 if getattr(operand, "signed", False) else UINT64
    return _refuse(node.op, node, diagnostics, operand)


def _dereferenced(node: Unary, operand: Type, diagnostics: Diagnostics) -> Type:
    if isinstance(operand, Pointer) and operand.target != NONE:
        return operand.target
    if isinstance(operand, Int):
        return UINT64  # the word at an address that is a number
    diagnostics.error(
        f"Can not dereference '{operand}'",
        node.span,
        "cast it to a pointer to a type that has a size",
    )
    return NONE


def is_condition(kind: Type) -> bool:
    """Whether a value can be true or false."""
    return isinstance(kind, (Int, Bool, Pointer))


def binary_type(node: Binary, left: Type, right: Type, diagnostics: Diagnostics) -> Type:
    """The type of `left op right`; reports operands that do not go together."""
    if NONE in (left, right):
        return Bool() if node.op in COMPARISONS | LOGICAL else NONE
    for kind, side in ((left, node.left), (right, node.right)):
        if isinstance(kind, Aggregate):
            unreadable(kind, side, diagnostics)
            return NONE
    if isinstance(left, Pointer) or isinstance(right, Pointer):
        return _pointer_type(node, left, right, diagnostics)
    if isinstance(left, (Int, Bool)) and isinstance(right, (Int, Bool)):
        return _integer_type(node, left, right)
    left, right = as_text(left, right), as_text(right, left)
    if node.op in EQUALITY and _comparable(left, right):
        return Bool()
    if node.op in EQUALITY and (_is_bytes(left) or _is_bytes(right)):
        diagnostics.error(
            f"Type mismatch for '{node.op}': comparing {_both(left, right)}", node.span
        )
        return Bool()
    return _refuse(node.op, node, diagnostics, left, right)


def as_text(kind: Type, other: Type) -> Type:
    """An array of bytes is a string beside a string: kernel BTF cannot tell the two apart."""
    is_text = isinstance(kind, Array) and isinstance(other, Str) and _is_byte(kind.element)
    return Str(kind.size, whole=True) if is_text else kind


def _is_byte(kind: Type) -> bool:
    return type(kind) is Int and kind.size == 1


def _is_bytes(kind: Type) -> bool:
    return isinstance(kind, _BYTEWISE)


def _comparable(left: Type, right: Type) -> bool:
    if isinstance(left, Str) and isinstance(right, Str):
        return True
    if isinstance(left, Array) and isinstance(right, Array):
        return left == right and type(left.element) is Int
    if isinstance(left, Stack):
        return left == right
    if isinstance(left, (Tuple, Record)):
        return promote(left, right) is not None
    if isinstance(left, Struct):
        return left == right
    return type(left) is type(right) and isinstance(left, _BYTEWISE)


def _pointer_type(node: Binary, left: Type, right: Type, diagnostics: Diagnostics) -> Type:
    pointer, other = (left, right) if isinstance(left, Pointer) else (right, left)
    if not isinstance(other, (Pointer, Int, Bool)):
        return _refuse(node.op, node, diagnostics, left, right)
    if node.op in COMPARISONS or node.op in LOGICAL:
        return Bool()
    adds = node.op == "+" and not isinstance(other, Pointer)
    subtracts = node.op == "-" and pointer is left and not isinstance(other, Pointer)
    if adds or subtracts:
        assert isinstance(pointer, Pointer)
        return Pointer(pointer.target, pointer.space)
    return _refuse(node.op, node, diagnostics, left, right)


def _integer_type(node: Binary, left: Type, right: Type) -> Type:
    if node.op in COMPARISONS or node.op in LOGICAL:
        return Bool()
    if isinstance(left, Bool) and isinstance(right, Bool):
        return Bool()
    if node.op in ("<<", ">>"):
        return INT64 if _signed(left, left) else UINT64
    signed = node.op == "-" or _signed(left, right) or _signed(right, left)
    return INT64 if signed else UINT64


def _signed(side: Type, other: Type) -> bool:
    """A literal takes the sign of what stands beside it; a bool has none."""
    if isinstance(side, Int) and side.flexible:
        if isinstance(other, Bool):
            return False
        if isinstance(other, Int) and not other.flexible:
            return other.signed
    return isinstance(side, Int) and side.signed


def compare_signed(left: Type, right: Type) -> bool:
    """Whether a comparison or division of two integers is signed."""
    return _signed(left, right) or _signed(right, left)


def _both(left: Type, right: Type) -> str:
    return f"'{left}' with '{right}'"


def _refuse(op: str, node: Binary | Unary, diagnostics: Diagnostics, *operands: Type) -> Type:
    shown = ", ".join(f"'{operand}'" for operand in operands)
    plural = "s" if len(operands) > 1 else ""
    diagnostics.error(
        f"The {op} operator can not be used on expressions of type{plural} {shown}", node.span
    )
    return NONE
