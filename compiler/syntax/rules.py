"""What the grammar's actions share: the extent of a production, and the way to report."""

from __future__ import annotations

from typing import Any

from aotrace.compiler.source import Span
from aotrace.compiler.syntax import blocks
from aotrace.compiler.syntax.tokens import Token


def extent(p: Any) -> Span:
    """From the first to the last symbol of a production."""
    first: Span = p[1].span
    last: Span = p[len(p) - 1].span
    return first.to(last)


def text(token: Token) -> str:
    """The value of a token that stands for a name, an operator or a word."""
    return str(token.value)


def error(p: Any, message: str, span: Span, *hints: str) -> None:
    """Report what the grammar lets pass and the language does not."""
    p.lexer.diagnostics.error(message, span, *hints)


def draft_too_deep(p: Any, draft: Any) -> bool:
    """Report a nesting that later passes could not follow."""
    if draft.depth <= blocks.MAX_DEPTH:
        return False
    error(p, f"nested too deeply: more than {blocks.MAX_DEPTH} levels", draft.span)
    return True
