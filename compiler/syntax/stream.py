"""The stream of tokens that the parser reads: from the lexer, with macros expanded."""

from __future__ import annotations

from collections.abc import Iterator

from aotrace.compiler.diagnostics import Diagnostics
from aotrace.compiler.syntax import lexer, macros
from aotrace.compiler.syntax.preprocess import Preprocessed
from aotrace.compiler.syntax.tokens import Token


def tokenize(pre: Preprocessed, diagnostics: Diagnostics) -> Iterator[Token]:
    """All tokens of a script, those for C definitions of its headers first."""
    tokens = [Token("C_DEFINITION", span.text, span) for span in pre.definitions]
    tokens += lexer.scan(pre.source, pre.text, diagnostics)
    yield from macros.expand(tokens, pre.macros, diagnostics, pre.pack_at)
