"""The tokens and the tree of a script, for reading: `--emit tokens` and `--emit ast`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields

from aotrace.compiler.diagnostics import Diagnostics
from aotrace.compiler.syntax import nodes
from aotrace.compiler.syntax.preprocess import Preprocessed
from aotrace.compiler.syntax.stream import tokenize


def dump_tokens(pre: Preprocessed) -> str:
    """One line a token: place, kind, text. Raises CompileError when a token cannot be read."""
    diagnostics = Diagnostics()
    tokens = list(tokenize(pre, diagnostics))
    diagnostics.stop_if_failed()
    lines = []
    for token in tokens:
        text = " ".join(token.span.text.split())
        place = f"{token.span.line}:{token.span.column}"
        lines.append(f"{place:<8} {token.kind:<12} {text}")
    return "\n".join(lines)


def dump_ast(program: nodes.Program) -> str:
    """The tree, a node a line with its place and plain fields; nodes below it are indented."""
    return "\n".join(_lines(program, "", ""))


def _lines(node: nodes.Node, role: str, indent: str) -> Iterator[str]:
    plain, below = [], []
    for field in fields(node):
        value = getattr(node, field.name)
        if not field.repr:
            continue
        if isinstance(value, nodes.Node):
            below.append((field.name, [value]))
        elif isinstance(value, tuple) and value and isinstance(value[0], nodes.Node):
            below.append((field.name, list(value)))
        elif value not in ((), None) and (value != "" or field.name == "name"):
            plain.append(f"{field.name}={value!r}")
    place = f"{node.span.line}:{node.span.column}"
    label = f"{role}: " if role else ""
    yield " ".join([f"{indent}{label}{type(node).__name__}", place, *plain])
    for name, children in below:
        for child in children:
            yield from _lines(child, name, indent + "  ")
