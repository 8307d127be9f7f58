"""The token stream of a preprocessed script."""

from __future__ import annotations

from collections.abc import Iterator

from aotrace.compiler.diagnostics import Diagnostics
from aotrace.compiler.syntax import lexer
from aotrace.compiler.syntax.preprocess import Preprocessed
from aotrace.compiler.syntax.tokens import Token


def tokenize(pre: Preprocessed, diagnostics: Diagnostics) -> Iterator[Token]:
    yield from lexer.scan(pre.source, pre.text, diagnostics)
