"""Depth: scripts nested so deeply that the passes, which recurse, could not follow are refused."""

from __future__ import annotations

from aotrace.compiler.diagnostics import Diagnostics
from aotrace.compiler.syntax import nodes
from aotrace.compiler.syntax.blocks import MAX_DEPTH
from aotrace.compiler.syntax.tokens import Token
from aotrace.compiler.syntax.walk import children

_MESSAGE = f"nested too deeply: more than {MAX_DEPTH} levels"


def brackets_fit(tokens: list[Token], diagnostics: Diagnostics) -> bool:
    """Whether brackets are nested no deeper than the limit."""
    depth = 0
    for token in tokens:
        if token.kind in ("(", "[", "{"):
            depth += 1
            if depth > MAX_DEPTH:
                diagnostics.error(_MESSAGE, token.span)
                return False
        elif token.kind in (")", "]", "}"):
            depth = max(0, depth - 1)
    return True


def tree_fits(program: nodes.Program, diagnostics: Diagnostics) -> bool:
    """Whether the tree is no deeper than the limit; long chains of operators are deep, too."""
    level: list[nodes.Node] = [program]
    for _ in range(MAX_DEPTH):
        level = [child for node in level for child in children(node)]
        if not level:
            return True
    diagnostics.error(_MESSAGE, level[0].span, "split the expression into several statements")
    return False
