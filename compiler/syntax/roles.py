"""Roles: which of its meanings a bracket or an `if` has, from the tokens around it.

`(` may start a cast, a record, a type argument or a group; `{` and `if` may start a statement or a
value. One look around each settles that before the grammar reads, which keeps the grammar free of
conflicts. The rules are bpftrace's, but for a plain name in parentheses before a `-`, `*`, `&` or
`+`: bpftrace reads `(name) - 1` as a cast, here it is one only when the name is known for a type.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Set
from functools import partial

from aotrace.compiler.syntax.tokens import BINARY_OPERATORS, Token

# Names of types that need no declaration: the language's own and C's.
TYPE_NAMES = frozenset(
    ["void", "bool", "string", "buffer", "inet", "timestamp"]
    + [f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)]
    + [f"{sign}{name}_t" for sign in ("", "u") for name in ("min", "max", "sum", "avg", "stats")]
    + ["int", "char", "short", "long", "unsigned", "size_t", "ssize_t"]
    + [
        f"{prefix}{sign}{bits}"
        for prefix in ("", "__")
        for sign in "us"
        for bits in (8, 16, 32, 64)
    ]
    + [f"__{order}{bits}" for order in ("be", "le") for bits in (16, 32, 64)]
)

# Builtin values: a name among these in parentheses is never a type.
_VALUES = frozenset(["args", "ctx", "kstack", "nsecs", "pid", "tid", "ustack", "retval", "comm"])

_ARGUMENT = re.compile(r"s?arg\d+")

_VALUE_AHEAD = BINARY_OPERATORS | frozenset(
    ["=", "ASSIGN_OP", "(", "[", ",", "?", ":", "!", "~", "RETURN", "COMPTIME", "DOTDOT", "PRED"]
)
_OPERAND_STARTS = frozenset(
    "IDENT INT STRING VAR MAP PARAM PARAM_COUNT TRUE FALSE ( ! ~ "  # noqa: SIM905
    "SIZEOF OFFSETOF TYPEINFO COMPTIME INC DEC".split()
)
_UNARY_OR_BINARY = frozenset(["-", "*", "&", "+"])
_NOT_A_GROUP = frozenset(["IDENT", "SIZEOF", "OFFSETOF", "TYPEOF", "TYPEINFO"])
_TAKES_TYPE = frozenset(["SIZEOF", "OFFSETOF", "TYPEOF", "TYPEINFO"])
_CONDITIONAL = frozenset(["IF", "VALUE_IF", "WHILE", "UNROLL"])


def assign(tokens: list[Token], type_names: Set[str]) -> None:
    """Set the kind of each `(`, `{` and `if` in the list to its role."""
    is_type = partial(names_type, type_names)
    for index, token in enumerate(tokens):
        if token.kind == "(":
            token.kind = _paren(tokens, index, is_type)
        elif token.kind in ("{", "IF") and _value_expected(tokens, index):
            token.kind = "VALUE_BRACE" if token.kind == "{" else "VALUE_IF"


def names_type(type_names: Set[str], name: str) -> bool:
    """Whether a plain name is a type's: one given, of the language, or in the manner of C."""
    return name in TYPE_NAMES or name in type_names or (name.endswith("_t") and len(name) > 2)


def _kind(tokens: list[Token], index: int) -> str:
    return tokens[index].kind if 0 <= index < len(tokens) else ""


def _value_expected(tokens: list[Token], index: int) -> bool:
    before, earlier = _kind(tokens, index - 1), _kind(tokens, index - 2)
    if before in ("CAST_PAREN", "RECORD_PAREN", "TYPE_PAREN"):
        return True
    in_header = (before == "," and earlier == "POINT") or (before == "=" and earlier == "CONFIG")
    return before in _VALUE_AHEAD and not in_header


def _paren(tokens: list[Token], index: int, is_type: Callable[[str], bool]) -> str:
    before = _kind(tokens, index - 1)
    if before in _TAKES_TYPE:
        return "TYPE_PAREN" if _holds_type(tokens, index + 1, is_type) else "("
    if before in _NOT_A_GROUP:
        return "("
    if _starts_cast(tokens, index, is_type):
        return "CAST_PAREN"
    starts_record = _kind(tokens, index + 1) == "IDENT" and _kind(tokens, index + 2) == "="
    return "RECORD_PAREN" if starts_record and before not in _CONDITIONAL else "("


def _holds_type(tokens: list[Token], start: int, is_type: Callable[[str], bool]) -> bool:
    """Whether a type stands from start to `)` or `,`, as in `sizeof(struct sock *)`."""
    kind = _kind(tokens, start)
    if kind in ("TAG", "TYPEOF"):
        return True
    if kind != "IDENT" or not _may_be_type(tokens[start]):
        return False
    end = _end_of_suffixes(tokens, start + 1)
    if end is None or _kind(tokens, end) not in (")", ","):
        return False
    return end > start + 1 or is_type(str(tokens[start].value))


def _starts_cast(tokens: list[Token], index: int, is_type: Callable[[str], bool]) -> bool:
    start = index + 1
    kind = _kind(tokens, start)
    end = _end_of_type(tokens, start)
    if end is None or _kind(tokens, end) != ")":
        return False
    after = _kind(tokens, end + 1)
    if kind != "IDENT" or is_type(str(tokens[start].value)):
        return after in _OPERAND_STARTS or after in _UNARY_OR_BINARY
    if _kind(tokens, end - 1) == "*":
        return after in _OPERAND_STARTS or after in _UNARY_OR_BINARY
    return after in _OPERAND_STARTS and _kind(tokens, index - 1) not in _CONDITIONAL


def _end_of_type(tokens: list[Token], start: int) -> int | None:
    kind = _kind(tokens, start)
    if kind == "TAG":
        return _end_of_suffixes(tokens, start + 2) if _kind(tokens, start + 1) == "IDENT" else None
    if kind == "TYPEOF":
        return _end_of_suffixes(tokens, _after_group(tokens, start + 1))
    if kind == "IDENT" and _may_be_type(tokens[start]):
        return _end_of_suffixes(tokens, start + 1)
    return None


def _may_be_type(token: Token) -> bool:
    name = str(token.value)
    return name not in _VALUES and not _ARGUMENT.fullmatch(name)


def _end_of_suffixes(tokens: list[Token], position: int) -> int | None:
    """The position after any `*`, `[]` and `[N]`; None when a `[` holds something else."""
    while (kind := _kind(tokens, position)) in ("*", "["):
        if kind == "[":
            position += 2 if _kind(tokens, position + 1) == "INT" else 1
            if _kind(tokens, position) != "]":
                return None
        position += 1
    return position


def _after_group(tokens: list[Token], start: int) -> int:
    """The position after the `)` that closes the `(` at start."""
    depth = 0
    for position in range(start, len(tokens)):
        kind = tokens[position].kind
        depth += kind.endswith(("(", "_PAREN"))
        depth -= kind == ")"
        if depth == 0:
            return position + 1
    return len(tokens)
