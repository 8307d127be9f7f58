"""Equality of values in memory: strings up to their end, everything else byte by byte."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import llvmlite.ir as ir
from aotrace.compiler.codegen.turns import MOST_IN_PLACE
from aotrace.compiler.emitter import Reg
from aotrace.compiler.sema.operators import as_text
from aotrace.compiler.syntax.nodes import Expr
from aotrace.compiler.types import Record, Str, Tuple, padded, promote

if TYPE_CHECKING:
    from aotrace.compiler.codegen.emit import ProgramEmitter

_WORDS = (8, 4, 2, 1)
_UNROLLED = 64  # bytes compared without a loop


def equal(e: ProgramEmitter, left: Expr, right: Expr) -> Reg:
    """1 when both values are equal, else 0."""
    left_type, right_type = e.type_of(left), e.type_of(right)
    left_type, right_type = as_text(left_type, right_type), as_text(right_type, left_type)
    if isinstance(left_type, Str) and isinstance(right_type, Str):
        literal = e.constant_of(right)
        if isinstance(literal, bytes):
            return _equal_literal(e, left, left_type, literal)
        literal = e.constant_of(left)
        if isinstance(literal, bytes):
            return _equal_literal(e, right, right_type, literal)
        return _equal_strings(e, e.memory(left), left_type, e.memory(right), right_type)
    if isinstance(left_type, (Tuple, Record)):
        return _equal_tuples(e, left, right)
    size = min(left_type.size, right_type.size)
    return _equal_bytes(e, e.memory(left), e.memory(right), size)


def _equal_tuples(e: ProgramEmitter, left: Expr, right: Expr) -> Reg:
    kind = promote(e.type_of(left), e.type_of(right))
    assert kind is not None  # checked
    kind = padded(kind)
    slots = []
    for side in (left, right):
        slot = e.slot(kind.size)
        e.zero(slot, kind.size)
        e.into(side, slot, kind)
        slots.append(slot)
    return _equal_bytes(e, slots[0], slots[1], kind.size)


def _equal_literal(e: ProgramEmitter, node: Expr, kind: Str, literal: bytes) -> Reg:
    """Compare with the literal's bytes and its NUL, in words."""
    text = literal + b"\0"
    if len(text) > kind.capacity:
        if len(literal) > kind.capacity:
            return e.const(0)  # it can never be that long
        text = literal  # a full char array has no NUL
    address, difference = e.memory(node), e.const(0)
    for offset, size in _chunks(len(text)):
        wanted = int.from_bytes(text[offset : offset + size], "little")
        word = _load(e, address, offset, size)
        difference = e.op("or", difference, e.op("xor", word, wanted))
    return e.op("eq", difference, 0)


def _equal_bytes(e: ProgramEmitter, left: Reg, right: Reg, size: int) -> Reg:
    if size > _UNROLLED:
        return _equal_words(e, left, right, size)
    difference = e.const(0)
    for offset, chunk in _chunks(size):
        words = (_load(e, left, offset, chunk), _load(e, right, offset, chunk))
        difference = e.op("or", difference, e.op("xor", *words))
    return e.op("eq", difference, 0)


def _equal_words(e: ProgramEmitter, left: Reg, right: Reg, size: int) -> Reg:
    """In a loop: unrolled, it would keep more words at once than there are registers."""
    word = _WORDS[0]

    def differs(e: ProgramEmitter, left: Reg, right: Reg, index: Reg) -> tuple[Reg, Reg]:
        at = e.op("mul", index, word)
        words = [e.load(e.offset(side, at, step=word), 0, word) for side in (left, right)]
        unequal = e.op("ne", *words)
        return unequal, unequal

    rest = size % word
    same = _scan(e, size // word, left, right, differs)
    if not rest:
        return same
    tails = [e.offset(side, size - rest) for side in (left, right)]
    return e.op("and", same, _equal_bytes(e, tails[0], tails[1], rest))


def _chunks(size: int) -> list[tuple[int, int]]:
    chunks, offset = [], 0
    while offset < size:
        step = next(s for s in _WORDS if s <= size - offset)
        chunks.append((offset, step))
        offset += step
    return chunks


def _load(e: ProgramEmitter, address: Reg, offset: int, size: int) -> Reg:
    return e.load(address, offset, size)


def _equal_strings(
    e: ProgramEmitter, left: Reg, left_type: Str, right: Reg, right_type: Str
) -> Reg:
    """Byte by byte, up to a difference or a common NUL."""

    def differs(e: ProgramEmitter, left: Reg, right: Reg, index: Reg) -> tuple[Reg, Reg]:
        a = e.load(e.offset(left, index), 0, 1)
        b = e.load(e.offset(right, index), 0, 1)
        unequal = e.op("ne", a, b)
        return unequal, e.op("or", unequal, e.op("eq", a, 0))

    return _scan(e, min(left_type.capacity, right_type.capacity), left, right, differs)


#: Of the place at an index of both sides, whether it differs, and whether the loop ends with it.
_Differs = Callable[["ProgramEmitter", Reg, Reg, Reg], tuple[Reg, Reg]]


def _scan(e: ProgramEmitter, count: int, left: Reg, right: Reg, differs: _Differs) -> Reg:
    """1 if none of `count` places differs."""
    by = _scan_in_place if count <= MOST_IN_PLACE else _scan_by_helper
    return by(e, count, left, right, differs)


def _scan_by_helper(e: ProgramEmitter, count: int, left: Reg, right: Reg, differs: _Differs) -> Reg:
    """More turns than the verifier walks through: a call of bpf_loop (Linux 5.17)."""
    same, frame = e.fn.stack_slot(8), e.fn.stack_slot(24)
    e.store(same, 0, 8, e.const(1))
    for place, address in enumerate((same, left, right)):
        e.ir.store(address, e.fn.offset(frame, 8 * place))
    name = f"scan{next(e.shared.numbers)}_{e.fn.name}"
    parameters = [("index", ir.IntType(64)), ("frame", ir.PointerType())]
    fn = e.shared.module.subprogram(name, parameters, ir.IntType(64), e.planned.unit.point.span)
    inner = type(e)(fn, e.shared, e.planned)
    words = [
        fn.ir.load(fn.offset(fn.params[1], 8 * place), typ=ir.PointerType()) for place in range(3)
    ]
    index = inner.bounded(fn.params[0], count - 1)
    unequal, over = differs(inner, words[1], words[2], index)
    with inner.if_(unequal):
        inner.store(words[0], 0, 8, inner.const(0))
    fn.return_(over)
    e.helper("loop", count, fn.function, frame, 0)
    return e.load(same, 0, 8)


def _scan_in_place(e: ProgramEmitter, count: int, left: Reg, right: Reg, differs: _Differs) -> Reg:
    i64 = ir.IntType(64)
    head, body, after, done = (e.fn.new_block(n) for n in ("head", "body", "after", "done"))
    start = e.ir.block
    e.ir.branch(head)
    e.ir.position_at_end(head)
    index = e.ir.phi(i64)
    index.add_incoming(i64(0), start)
    e.ir.cbranch(e.truth(e.op("ult", index, count)), body, done)
    e.ir.position_at_end(body)
    unequal, over = differs(e, left, right, index)
    equal = e.op("xor", unequal, 1)
    e.ir.cbranch(e.truth(over), done, after)
    e.ir.position_at_end(after)
    index.add_incoming(e.op("add", index, 1), after)
    e.ir.branch(head)
    e.ir.position_at_end(done)
    result = e.ir.phi(i64)
    result.add_incoming(i64(1), head)
    result.add_incoming(equal, body)
    return result
