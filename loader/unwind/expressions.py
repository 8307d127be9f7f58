"""DWARF expressions in call frame information: those that are `[register + offset] + number`.

Such are all but a few that compilers and hand-written assembly use (DWARF 5, 2.5); besides, the one
that linkers write for procedure linkage tables, whose entries push a word on their way.
"""

from __future__ import annotations

from aotrace.loader.unwind.reader import Malformed, Reader
from aotrace.runtime.unwind import REGISTERS, STACK_POINTER, ZERO, word

_BREG0, _BREG31, _LIT0, _LIT31 = 0x70, 0x8F, 0x30, 0x4F
_DEREF, _PLUS, _MINUS, _PLUS_UCONST = 0x06, 0x22, 0x1C, 0x23
_CONSTANTS = {
    0x08: (1, False), 0x09: (1, True), 0x0A: (2, False), 0x0B: (2, True),
    0x0C: (4, False), 0x0D: (4, True), 0x0E: (8, False), 0x0F: (8, True),
}  # fmt: skip
_CONSTU, _CONSTS = 0x10, 0x11
_MOST = 1 << 31
# breg7 N; breg16 0; lit15; and; litL; ge; lit3; shl; plus: a word more where the address is L or
# more bytes into its entry
_PLT_HEAD, _PLT_ADDRESS, _PLT_TAIL = 0x77, b"\x80\x00\x3f\x1a", b"\x2a\x33\x24\x22"


class _Value:
    """register + offset, or a number alone; if it is read, the word there and what is added."""

    def __init__(self, register: int | None, offset: int) -> None:
        self.register = register
        self.offset = offset
        self.read = False
        self.added = 0

    def add(self, number: int) -> None:
        if self.read:
            self.added += number
        else:
            self.offset += number


def cfa_of(expression: bytes) -> tuple[int, int] | None:
    """The two words of a rule; None: it is no such expression."""
    plt = _plt(expression)
    if plt:
        return plt, 0
    found = _evaluate(expression)
    return (_word(found), found.added & (1 << 64) - 1) if found else None


def register_of(expression: bytes, read: bool) -> int:
    """A register's word; read: the value stands where the expression says. Undefined if it is no
    such expression."""
    found = _evaluate(expression)
    if found is None or found.added or (read and found.read):
        return word(ZERO)
    found.read = found.read or read
    return _word(found)


def _word(value: _Value) -> int:
    assert value.register is not None
    return word(value.register, value.offset, value.read)


def _plt(expression: bytes) -> int:
    tail = expression[7:]
    if expression[:1] != bytes([_PLT_HEAD]) or expression[2:6] != _PLT_ADDRESS or tail != _PLT_TAIL:
        return 0
    limit = expression[6] - _LIT0
    return word(STACK_POINTER, expression[1], plt=16 - limit) if 0 <= limit <= 16 else 0


def _evaluate(expression: bytes) -> _Value | None:
    """None: it is not understood."""
    stack: list[_Value] = []
    reader = Reader(expression)
    try:
        while reader.at < len(expression):
            _step(reader.byte(), reader, stack)
    except (Malformed, IndexError):
        return None
    found = stack[-1] if stack else None
    if found is None or found.register is None or not -_MOST <= found.offset < _MOST:
        return None
    return found


def _step(code: int, reader: Reader, stack: list[_Value]) -> None:
    if _BREG0 <= code <= _BREG31:
        if code - _BREG0 >= REGISTERS:
            raise Malformed
        stack.append(_Value(code - _BREG0, reader.signed()))
    elif code == _PLUS_UCONST:
        stack[-1].add(reader.unsigned())
    elif code == _DEREF:
        if stack[-1].register is None or stack[-1].read:
            raise Malformed
        stack[-1].read = True
    elif code in (_PLUS, _MINUS):
        _combine(stack, 1 if code == _PLUS else -1)
    else:
        stack.append(_Value(None, _constant(code, reader)))


def _combine(stack: list[_Value], sign: int) -> None:
    second, first = stack.pop(), stack.pop()
    if first.register is None and sign > 0:
        first, second = second, first
    if second.register is not None:
        raise Malformed
    first.add(sign * second.offset)
    stack.append(first)


def _constant(code: int, reader: Reader) -> int:
    if _LIT0 <= code <= _LIT31:
        return code - _LIT0
    if code in _CONSTANTS:
        size, signed = _CONSTANTS[code]
        return reader.number(size, signed)
    if code in (_CONSTU, _CONSTS):
        return reader.signed() if code == _CONSTS else reader.unsigned()
    raise Malformed
