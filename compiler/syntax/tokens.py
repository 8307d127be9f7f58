"""Tokens: what the lexer yields and the grammar reads, and how each kind is called in messages.

Single-character operators and brackets are their own kind; all others are named here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from aotrace.compiler.source import Span
from aotrace.compiler.syntax.ctokens import CText


@dataclass(frozen=True)
class PointText:
    """An attach point as scanned: its parts without quotes, and what AttachPoint says of them."""

    parts: tuple[str, ...]
    label: str
    params: tuple[tuple[int, int, int], ...]


@dataclass(frozen=True)
class Number:
    """An integer literal: the value after scaling by its time unit, the suffix in lower case."""

    value: int
    suffix: str


TokenValue: TypeAlias = "str | bytes | int | Number | PointText | CText"


@dataclass(slots=True)
class Token:
    """One token. Every token of a macro's expansion carries the span of the macro's use."""

    kind: str
    value: TokenValue
    span: Span


KEYWORDS = {
    "break": "BREAK",
    "comptime": "COMPTIME",
    "config": "CONFIG",
    "continue": "CONTINUE",
    "else": "ELSE",
    "false": "FALSE",
    "fn": "FN",
    "for": "FOR",
    "if": "IF",
    "import": "IMPORT",
    "let": "LET",
    "macro": "MACRO",
    "offsetof": "OFFSETOF",
    "return": "RETURN",
    "sizeof": "SIZEOF",
    "true": "TRUE",
    "typeinfo": "TYPEINFO",
    "typeof": "TYPEOF",
    "unroll": "UNROLL",
    "while": "WHILE",
    "struct": "TAG",
    "union": "TAG",
    "enum": "TAG",
}

OPERATORS = {
    "||": "LOR",
    "&&": "LAND",
    "==": "EQ",
    "!=": "NE",
    "<=": "LE",
    ">=": "GE",
    "<<": "SHL",
    ">>": "SHR",
    "++": "INC",
    "--": "DEC",
    "->": "ARROW",
    "..": "DOTDOT",
} | {op + "=": "ASSIGN_OP" for op in ("+", "-", "*", "/", "%", "&", "|", "^", "<<", ">>")}

LITERALS = "+-*/%&|^~!<>=?:;,.(){}[]"

# Brackets and an `if` whose role shows only in their surroundings: see roles.py.
ROLES = {
    "CAST_PAREN": "(",
    "TYPE_PAREN": "(",
    "RECORD_PAREN": "(",
    "VALUE_BRACE": "{",
    "VALUE_IF": "if",
}

NAMED_KINDS = {
    "IDENT": "name",
    "INT": "number",
    "STRING": "string",
    "VAR": "variable",
    "MAP": "map",
    "PARAM": "positional parameter",
    "PARAM_COUNT": "`$#`",
    "POINT": "attach point",
    "C_DEFINITION": "C definition",
    "PRED": "`/`",
    "END_PRED": "`/` to close the predicate",
    "RESYNC": "",  # put in by the parser where it goes on after an error; no lexer yields it
}

KINDS = tuple(
    sorted(set(KEYWORDS.values()) | set(OPERATORS.values()) | set(ROLES) | set(NAMED_KINDS))
)

BINARY_OPERATORS = frozenset(
    [
        "LOR",
        "LAND",
        "|",
        "^",
        "&",
        "EQ",
        "NE",
        "<",
        ">",
        "LE",
        "GE",
        "SHL",
        "SHR",
        "+",
        "-",
        "*",
        "/",
        "%",
    ]
)

_SPELLING = {kind: text for text, kind in (KEYWORDS | OPERATORS).items()}
_SPELLING |= {"TAG": "struct", "ASSIGN_OP": "+="} | ROLES


def describe_kind(kind: str) -> str:
    """How a kind of token is called in "expected …"."""
    if kind in NAMED_KINDS:
        return NAMED_KINDS[kind]
    return f"`{_SPELLING.get(kind, kind)}`"


def describe(token: Token) -> str:
    """How a token that stands in the script is called in "unexpected …"."""
    if token.kind in ("STRING", "C_DEFINITION"):
        return NAMED_KINDS[token.kind]
    text = token.span.text
    return f"`{text}`" if len(text) <= 40 and "\n" not in text else describe_kind(token.kind)
