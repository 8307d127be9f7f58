"""Constant expressions of C: sizes of arrays, widths of bitfields, values of enumerators."""

from __future__ import annotations

import re
from collections.abc import Callable

from aotrace.compiler.cdecl.cursor import Cursor
from aotrace.compiler.cdecl.errors import DeclarationError
from aotrace.compiler.syntax.ctokens import CToken

_LEVELS: tuple[dict[str, Callable[[int, int], int]], ...] = (
    {"||": lambda a, b: int(bool(a or b))},
    {"&&": lambda a, b: int(bool(a and b))},
    {"|": lambda a, b: a | b},
    {"^": lambda a, b: a ^ b},
    {"&": lambda a, b: a & b},
    {"==": lambda a, b: int(a == b), "!=": lambda a, b: int(a != b)},
    {"<": lambda a, b: int(a < b), ">": lambda a, b: int(a > b),
     "<=": lambda a, b: int(a <= b), ">=": lambda a, b: int(a >= b)},
    {"<<": lambda a, b: a << (b & 63), ">>": lambda a, b: a >> (b & 63)},
    {"+": lambda a, b: a + b, "-": lambda a, b: a - b},
    {"*": lambda a, b: a * b, "/": lambda a, b: _quotient(a, b),
     "%": lambda a, b: a - _quotient(a, b) * b},
)  # fmt: skip
_UNARY: dict[str, Callable[[int], int]] = {
    "-": lambda a: -a, "+": lambda a: a, "~": lambda a: ~a, "!": lambda a: int(not a),
}  # fmt: skip
_NUMBER = re.compile(r"(0[xX][0-9a-fA-F]+|0[bB][01]+|0[0-7]*|[1-9]\d*)([uUlL]{0,3})")
_ESCAPES = {"n": 10, "t": 9, "r": 13, "0": 0, "\\": 92, "'": 39, '"': 34, "a": 7, "b": 8, "f": 12}
_WIDEST = 1 << 64


class Constants:
    """Evaluates what stands at the cursor.

    name_value: the value of an enumerator, or None. size_of: reads what follows `sizeof`. cast:
    passes over a `(type)` if one stands there, and tells whether it did.
    """

    def __init__(
        self,
        name_value: Callable[[str], int | None],
        size_of: Callable[[Cursor], int],
        cast: Callable[[Cursor], bool],
    ) -> None:
        self.name_value = name_value
        self.size_of = size_of
        self.cast = cast

    def read(self, cursor: Cursor) -> int:
        """The value, of which the expression must be all up to a `]`, `;`, `,` or `)`."""
        cursor.enter()
        value = self._conditional(cursor)
        cursor.leave()
        return value

    def _conditional(self, cursor: Cursor) -> int:
        condition = self._binary(cursor, 0)
        if not cursor.take("?"):
            return condition
        then = self.read(cursor)
        cursor.expect(":")
        other = self._conditional(cursor)
        return then if condition else other

    def _binary(self, cursor: Cursor, level: int) -> int:
        if level == len(_LEVELS):
            return self._unary(cursor)
        value = self._binary(cursor, level + 1)
        while operator := cursor.take(*_LEVELS[level]):
            right = self._binary(cursor, level + 1)
            if operator.text in "/%" and right == 0:
                raise DeclarationError("division by zero", operator.span)
            value = _fitted(_LEVELS[level][operator.text](value, right), operator)
        return value

    def _unary(self, cursor: Cursor) -> int:
        if operator := cursor.take(*_UNARY):
            cursor.enter()
            value = _UNARY[operator.text](self._unary(cursor))
            cursor.leave()
            return value
        if cursor.take("sizeof"):
            return self.size_of(cursor)
        if self.cast(cursor):
            return self._unary(cursor)
        if cursor.take("("):
            value = self.read(cursor)
            cursor.expect(")")
            return value
        return self._primary(cursor)

    def _primary(self, cursor: Cursor) -> int:
        if not cursor.peek():
            raise cursor.unexpected("a constant")
        token = cursor.next()
        value = None
        if token.kind == "number":
            value = _number(token)
        elif token.kind == "char":
            value = _char(token)
        elif token.kind == "word":
            value = self.name_value(token.text)
            if value is None:
                raise DeclarationError(f"`{token.text}` is not a constant", token.span)
        if value is None:
            raise DeclarationError(f"expected a constant, found `{token.text}`", token.span)
        return value


def _quotient(left: int, right: int) -> int:
    """Division as C has it: towards zero."""
    quotient = abs(left) // abs(right)
    return quotient if (left < 0) == (right < 0) else -quotient


def _fitted(value: int, operator: CToken) -> int:
    if -_WIDEST < value < _WIDEST:
        return value
    raise DeclarationError("this constant does not fit 64 bits", operator.span)


def _number(token: CToken) -> int:
    match = _NUMBER.fullmatch(token.text)
    if match is None:
        raise DeclarationError(f"`{token.text}` is not an integer", token.span)
    digits = match[1]
    octal = len(digits) > 1 and digits[0] == "0" and digits.isdigit()
    return _fitted(int(digits, 8) if octal else int(digits, 0), token)


def _char(token: CToken) -> int:
    text = token.text[1:-1]
    if len(text) == 1:
        return ord(text)
    if text[0] == "\\" and text[1:] in _ESCAPES:
        return _ESCAPES[text[1:]]
    if re.fullmatch(r"\\x[0-9a-fA-F]{1,2}|\\[0-7]{1,3}", text):
        return int(text[2:], 16) if text[1] == "x" else int(text[1:], 8)
    raise DeclarationError(f"{token.text} is not a character", token.span)
