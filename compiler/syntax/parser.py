"""Parser: tokens to a Program, with the tables that PLY made of the grammar.

After a syntax error reading goes on behind the statement, or at the next item of the top level, so
that one run reports several errors. No input makes it raise.
"""

from __future__ import annotations

import copy
from collections.abc import Set
from typing import Any

from aotrace.compiler.diagnostics import Diagnostics
from aotrace.compiler.source import Span
from aotrace.compiler.syntax import cdefs, depth, expected, hints, nodes, parsetab, roles
from aotrace.compiler.syntax.grammar import Grammar
from aotrace.compiler.syntax.preprocess import Preprocessed
from aotrace.compiler.syntax.stream import tokenize
from aotrace.compiler.syntax.tokens import Token
from ply import yacc


def parse(
    pre: Preprocessed, diagnostics: Diagnostics, type_names: Set[str] = frozenset()
) -> nodes.Program:
    """The script as a tree; what is wrong goes to the diagnostics, and the tree is then partial.

    type_names: names to take for types in casts, beside the language's own, those that end in
    `_t`, and the typedefs of the script.
    """
    tokens = list(tokenize(pre, diagnostics))
    end = Span(pre.source, len(pre.text), len(pre.text))
    if not depth.brackets_fit(tokens, diagnostics):
        return _empty(end)
    roles.assign(tokens, _typedefs(tokens) | type_names)
    parser = copy.copy(_parser())
    feed = Feed(tokens, end, diagnostics, parser)
    parser.errorfunc = feed.on_error
    program: nodes.Program | None = parser.parse(lexer=feed)
    if program is None or not depth.tree_fits(program, diagnostics):
        return _empty(end)
    return program


def _empty(span: Span) -> nodes.Program:
    return nodes.Program(span, (), (), (), (), (), ())


def _typedefs(tokens: list[Token]) -> set[str]:
    texts = (str(token.value) for token in tokens if token.kind == "C_DEFINITION")
    return {name for text in texts for name in cdefs.typedef_names(text)}


_cached: Any = None


def _parser() -> Any:
    global _cached
    if _cached is None:
        _cached = yacc.yacc(
            module=Grammar(lambda _: None),
            tabmodule=parsetab,
            optimize=True,
            write_tables=False,
            debug=False,
        )
        _cached.defaulted_states = _sole_reductions(_cached)
    return _cached


def _sole_reductions(parser: Any) -> dict[int, int]:
    """The states in which one reduction is all there is, whatever follows.

    Reducing there at once is faster, and has every construct complete before an error after it.
    Not for empty productions: popping the stack after an error would meet them again and again.
    """
    sole = {}
    for state, actions in parser.action.items():
        first = min(actions.values())
        if first < 0 and len(set(actions.values())) == 1 and parser.productions[-first].len:
            sole[state] = first
    return sole


class Symbol:
    """A token in the shape that PLY wants; the value of the symbol is the whole token."""

    __slots__ = ("lexer", "type", "value")

    def __init__(self, kind: str, value: Token, lexer: Feed) -> None:
        self.type = kind
        self.value = value
        self.lexer = lexer


class Feed:
    """Hands the tokens to PLY, and knows where to go on after an error."""

    def __init__(
        self, tokens: list[Token], end: Span, diagnostics: Diagnostics, parser: Any
    ) -> None:
        self.tokens = tokens
        self.end = end
        self.diagnostics = diagnostics
        self.parser = parser
        self.position = 0
        self.resync = False

    def token(self) -> Symbol | None:
        """The next token; after an error first a RESYNC, which the rules for `error` end with."""
        if self.resync:
            self.resync = False
            return Symbol("RESYNC", Token("RESYNC", "", self.end), self)
        if self.position >= len(self.tokens):
            return None
        token = self.tokens[self.position]
        self.position += 1
        return Symbol(token.kind, token, self)

    def on_error(self, symbol: Symbol | None) -> None:
        """PLY calls this with a token that cannot stand where it does, or with None at the end."""
        index = len(self.tokens) if symbol is None else self.position - 1
        kinds = expected.acceptable(self.parser)
        hints.report(self.tokens, index, kinds, self.end, self.diagnostics)
        if symbol is None:
            return
        if self._in_block():
            self.position = self._end_of_statement(index)
            self.resync = True
            return
        self.position = self._next_item(index)
        if len(self.parser.statestack) > 1:
            self.resync = True
        else:
            self.parser.errok()

    def _in_block(self) -> bool:
        stack = [entry.type for entry in self.parser.symstack]
        return "statements" in stack or (stack[-1] in _OPENS and "CONFIG" not in stack)

    def _end_of_statement(self, start: int) -> int:
        depth = 0
        for index in range(start, len(self.tokens)):
            kind = self.tokens[index].kind
            if kind in _OPENS:
                depth += 1
            elif kind == "}":
                if depth == 0:
                    return index
                depth -= 1
                if depth == 0 and self._kind(index + 1) not in _GOES_ON:
                    return index + 1
            elif kind == ";" and depth == 0:
                return index + 1
        return len(self.tokens)

    def _next_item(self, start: int) -> int:
        before = [token.kind for token in self.tokens[:start]]
        depth = max(0, sum(map(before.count, _OPENS)) - before.count("}"))
        for index in range(start, len(self.tokens)):
            kind = self.tokens[index].kind
            if kind in _OPENS:
                depth += 1
            elif kind == "}":
                depth -= 1
                if depth <= 0:
                    return index + 1
            elif depth == 0 and kind == ";":
                return index + 1
            elif depth == 0 and index > start and kind in _STARTS_ITEM:
                return index
        return len(self.tokens)

    def _kind(self, index: int) -> str:
        return self.tokens[index].kind if index < len(self.tokens) else ""


_OPENS = frozenset(["{", "VALUE_BRACE"])
_GOES_ON = frozenset(["ELSE", ";", ")", "]", ",", ".", ":", "?"])
_STARTS_ITEM = frozenset(["CONFIG", "IMPORT", "MACRO", "FN", "C_DEFINITION"])
