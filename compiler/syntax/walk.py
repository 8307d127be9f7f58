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


def rebuilt(node: N, change: Callable[[Node], Node], place: Callable[[Span], Span]) -> N:
    """A new node of the same shape, of what `change` makes of its children and `place` of spans."""

    def renew(value: Any) -> Any:
        if isinstance(value, Node):
            return change(value)
        if isinstance(value, Span):
            return place(value)
        if isinstance(value, tuple):
            return tuple(change(item) if isinstance(item, Node) else item for item in value)
        return value

    return type(node)(**{f.name: renew(getattr(node, f.name)) for f in fields(node)})
