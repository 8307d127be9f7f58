"""Walking the AST without knowing its shapes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import fields
from typing import Any, TypeVar

from aotrace.compiler.source import Span
from aotrace.compiler.syntax.nodes import Node

N = TypeVar("N", bound=Node)

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


def rebuilt(node: N, change: Callable[..., Node], place: Callable[[Span], Span], *how: Any) -> N:
    """A new node of the same shape, of what `change(child, *how)` makes of each of its children.

    Spans are what `place` makes of them.
    """
    made: dict[str, Any] = {}
    for field in fields(node):
        value = getattr(node, field.name)
        if isinstance(value, Node):
            value = change(value, *how)
        elif isinstance(value, Span):
            value = place(value)
        elif isinstance(value, tuple) and value and isinstance(value[0], Node):
            items = []  # no generator: each level of it would take a frame of Python's
            for item in value:
                items.append(change(item, *how))
            value = tuple(items)
        made[field.name] = value
    return type(node)(**made)
