"""Operators on scalars."""

from __future__ import annotations

from typing import TYPE_CHECKING

import llvmlite.ir as ir
from aotrace.compiler.codegen import compare, failures, place
from aotrace.compiler.emitter import Reg
from aotrace.compiler.sema.operators import COMPARISONS, compare_signed
from aotrace.compiler.syntax import nodes
from aotrace.compiler.types import Bool, Int, Pointer, Type

if TYPE_CHECKING:
    from aotrace.compiler.codegen.emit import ProgramEmitter


_PLAIN = {"+": "add", "-": "sub", "*": "mul", "&": "and", "|": "or", "^": "xor"}
_UNSIGNED = {"<": "ult", "<=": "ule", ">": "ugt", ">=": "uge", "==": "eq", "!=": "ne"}
_SIGNED = {**_UNSIGNED, "<": "slt", "<=": "sle", ">": "sgt", ">=": "sge"}


def unary(e: ProgramEmitter, node: nodes.Unary) -> Reg:
    if node.op == "*":
        found = place.find(e, node)
        assert found is not None
        return place.load(e, found)
    if node.op == "&":
        return _address_of(e, node.operand)
    operand = e.value(node.operand)
    if node.op == "!":
        return e.op("eq", operand, 0)
    if node.op == "~":
        return e.op("xor", operand, _all_bits(e.type_of(node.operand)))
    return operand if node.op == "+" else e.op("sub", 0, operand)


def _address_of(e: ProgramEmitter, node: nodes.Expr) -> Reg:
    """Of a variable, or of a map itself, as a number."""
    if isinstance(node, nodes.MapRef):
        return e.fn.number_of(e.map(node))
    assert isinstance(node, nodes.Var)  # inferred
    return e.fn.number_of(e.variable_slot(node))


def _all_bits(kind: Type) -> int:
    """What ~ turns over: of an unsigned type the bits that it has, or it would not stay one."""
    narrow = isinstance(kind, Int) and not kind.signed and kind.width < 8
    return (1 << 8 * kind.size) - 1 if narrow else -1


def binary(e: ProgramEmitter, node: nodes.Binary) -> Reg:
    if node.op in ("&&", "||"):
        return _logical(e, node)
    left, right = e.type_of(node.left), e.type_of(node.right)
    if node.op in COMPARISONS and not (left.scalar and right.scalar):
        equal = compare.equal(e, node.left, node.right)
        return equal if node.op == "==" else e.op("xor", equal, 1)
    return combine(e, node.op, e.value(node.left), left, e.value(node.right), right)


def combine(
    e: ProgramEmitter, op: str, left: Reg, left_type: Type, right: Reg, right_type: Type
) -> Reg:
    """`left op right` of two scalars."""
    signed = compare_signed(left_type, right_type)
    if op in COMPARISONS:
        return e.op((_SIGNED if signed else _UNSIGNED)[op], left, right)
    if isinstance(left_type, Pointer) and isinstance(right_type, Int):
        right = e.op("mul", right, place.size_of(e, left_type.target, left_type.space))
    elif isinstance(right_type, Pointer) and isinstance(left_type, Int):
        left = e.op("mul", left, place.size_of(e, right_type.target, right_type.space))
    if op in _PLAIN:
        result = e.op(_PLAIN[op], left, right)
        truths = isinstance(left_type, Bool) and isinstance(right_type, Bool)
        return e.op("ne", result, 0) if truths else result
    if op in ("<<", ">>"):
        count = e.op("and", right, 63)
        own = isinstance(left_type, Int) and left_type.signed and not left_type.flexible
        return e.op("shl" if op == "<<" else "ashr" if own else "lshr", left, count)
    return _divide(e, op, left, right, signed)


def _divide(e: ProgramEmitter, op: str, left: Reg, right: Reg, signed: bool) -> Reg:
    """BPF divides unsigned only: signs are taken off before and put back after, as in C."""
    operation = "udiv" if op == "/" else "urem"
    if not isinstance(right, ir.Constant):
        right = e.hidden(right)  # LLVM would conclude that it is never 0, and drop tests of it
        result = e.slot(8)
        with e.if_else(right) as (divisible, zero):
            with divisible:
                e.store(result, 0, 8, _quotient(e, operation, left, right, signed))
            with zero:  # in BPF it is no fault; in the language the result is 1
                e.store(result, 0, 8, e.const(1))
                e.shared.failures.tell(e, failures.DIVISION, e.const(0), failures.NEVER_OFF)
        return e.load(result, 0, 8)
    return _quotient(e, operation, left, right, signed)


def _quotient(e: ProgramEmitter, operation: str, left: Reg, right: Reg, signed: bool) -> Reg:
    if not signed:
        return e.op(operation, left, right)
    result = e.op(operation, _magnitude(e, left), _magnitude(e, right))
    sign = left if operation == "urem" else e.op("xor", left, right)
    return e.select(e.op("slt", sign, 0), e.op("sub", 0, result), result)


def _magnitude(e: ProgramEmitter, number: Reg) -> Reg:
    return e.select(e.op("slt", number, 0), e.op("sub", 0, number), number)


def _logical(e: ProgramEmitter, node: nodes.Binary) -> Reg:
    """Short-circuit: the right side runs only when the left does not settle it."""
    result = e.slot(8)
    e.store(result, 0, 8, e.op("ne", e.value(node.left), 0))
    settled = e.load(result, 0, 8)
    with e.if_(settled if node.op == "&&" else e.op("eq", settled, 0)):
        e.store(result, 0, 8, e.op("ne", e.value(node.right), 0))
    return e.load(result, 0, 8)


def as_address(e: ProgramEmitter, node: nodes.Expr, target: Type) -> Reg:
    """The value of a scalar that is cast to `target`: as a pointer it gets no sign."""
    source, value = e.type_of(node), e.value(node)
    if isinstance(target, Pointer) and isinstance(source, Int) and source.width < 8:
        return e.op("and", value, (1 << source.bits) - 1)
    return value


def fit(e: ProgramEmitter, number: Reg, kind: Type) -> Reg:
    """The low bytes that a type has, extended by its sign; of a bool whether it is not 0."""
    if isinstance(kind, Bool):
        return e.op("ne", number, 0)
    if not isinstance(kind, Int) or kind.width == 8:
        return number
    narrow = e.ir.trunc(e.word(number), ir.IntType(kind.bits))
    return e.extend(narrow, kind.signed)
