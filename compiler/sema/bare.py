"""Names of functions without parentheses: `nsecs` is the call `nsecs()`. AST to AST."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from aotrace.compiler.builtins import BY_NAME
from aotrace.compiler.builtins.record import EventFunction, Function
from aotrace.compiler.syntax import nodes
from aotrace.compiler.syntax.nodes import Call, Ident, Node
from aotrace.compiler.syntax.walk import rebuilt, walk


def call_bare_names(program: nodes.Program) -> nodes.Program:
    """The program with each such name as a call. Only what needs no argument is named so."""
    probes = tuple(rebuilt(p, _visit, _same) if _any(p) else p for p in program.probes)
    functions = tuple(rebuilt(f, _visit, _same) if _any(f) else f for f in program.functions)
    return replace(program, probes=probes, functions=functions)


def _is_bare(node: Node) -> bool:
    entry = BY_NAME.get(node.name) if isinstance(node, Ident) else None
    if not isinstance(entry, (Function, EventFunction)):
        return False
    return all(parameter.optional or parameter.many for parameter in entry.parameters)


def _any(node: Node) -> bool:
    return any(map(_is_bare, walk(node)))


def _visit(node: Node) -> Any:
    if isinstance(node, Ident) and _is_bare(node):
        return Call(node.span, node.name, (), node.span)
    return rebuilt(node, _visit, _same)


def _same(span: Any) -> Any:
    return span
