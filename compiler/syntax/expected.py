"""What could stand where a syntax error is, and the words for it."""

from __future__ import annotations

from typing import Any

from aotrace.compiler.syntax.tokens import BINARY_OPERATORS, describe_kind

_NEVER_NAMED = frozenset(["error", "RESYNC", "$end"])
_ROLES = {
    "CAST_PAREN": "(",
    "RECORD_PAREN": "(",
    "TYPE_PAREN": "(",
    "VALUE_BRACE": "{",
    "VALUE_IF": "IF",
}
_OPERAND = frozenset(["IDENT", "INT", "STRING", "VAR", "MAP", "("])
_CONTINUES = BINARY_OPERATORS | frozenset(["?", ".", "ARROW", "[", "INC", "DEC", "=", "ASSIGN_OP"])
_STATEMENT = frozenset(["LET", "WHILE", "FOR", "RETURN", "BREAK", "UNROLL"])
_ITEM = frozenset(["POINT", "MACRO", "CONFIG"])
_CLOSERS = frozenset([")", "]", "}", ";"])
_MOST_NAMED = 4


def acceptable(parser: Any) -> frozenset[str]:
    """The kinds of tokens that the parser would take in the state it is in.

    The tables merge states, so each kind is tried on a copy of the stack until it is shifted.
    """
    stack = list(parser.statestack)
    kinds = (kind for kind in parser.action[stack[-1]] if kind not in _NEVER_NAMED)
    return frozenset(kind for kind in kinds if _is_shifted(parser, stack, kind))


def _is_shifted(parser: Any, states: list[int], kind: str) -> bool:
    stack = list(states)
    while True:
        action = parser.action[stack[-1]].get(kind)
        if action is None or action > 0:
            return action is not None
        if action == 0:
            return True
        production = parser.productions[-action]
        if production.len:
            del stack[-production.len :]
        stack.append(parser.goto[stack[-1]][production.name])


def phrase(kinds: frozenset[str]) -> str:
    """ "expected …" for the kinds, or nothing where too much could stand."""
    kinds = frozenset(_ROLES.get(kind, kind) for kind in kinds)
    if kinds >= _ITEM:
        return "expected a probe, a macro or a map declaration"
    words = [describe_kind(kind) for kind in sorted(_worth_naming(kinds))]
    if kinds >= _STATEMENT:
        words.insert(0, "a statement")
    elif kinds >= _OPERAND:
        words.insert(0, "an expression")
    if not words or len(words) > _MOST_NAMED:
        return ""
    return "expected " + " or ".join(part for part in (", ".join(words[:-1]), words[-1]) if part)


def _worth_naming(kinds: frozenset[str]) -> frozenset[str]:
    """Without operators, of which one hardly ever was forgotten, and without what is summed up."""
    if kinds >= _STATEMENT:
        return kinds & {"}"}
    if kinds >= _OPERAND:
        return kinds & _CLOSERS
    return (kinds - _CONTINUES) or kinds
