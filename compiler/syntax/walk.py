"""Walking the AST without knowing its shapes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields

from aotrace.compiler.syntax.nodes import Node

_names: dict[type[Node], tuple[str, ...]] = {}


def _field_names(kind: type[Node]) -> tuple[str, ...]:
    if kind not in _names:
        _names[kind] = tuple(f.name for f in fields(kind) if not f.name.endswith("span"))
    return _names[kind]


def children(node: Node) -> Iterator[Node]:
    """The nodes directly under a node, in source order."""
    for name in _field_names(type(node)):
        value = getattr(node, name)
        if isinstance(value, Node):
            yield value
        elif isinstance(value, tuple):
            yield from (item for item in value if isinstance(item, Node))


def walk(node: Node) -> Iterator[Node]:
    """The node and everything under it, parents first."""
    yield node
    for child in children(node):
        yield from walk(child)
