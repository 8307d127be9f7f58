"""Facts about nodes, kept beside the AST and keyed by identity: nodes compare by value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

from aotrace.compiler.source import Span
from aotrace.compiler.syntax.nodes import Node, TypeExpr, Var

V = TypeVar("V")


class NodeTable(Generic[V]):
    """A mapping from nodes (by identity) to facts; what it lacks is looked for in `below`."""

    def __init__(self, below: NodeTable[V] | None = None) -> None:
        self._facts: dict[int, tuple[Node, V]] = {}
        self.below = below

    def __setitem__(self, node: Node, fact: V) -> None:
        self._facts[id(node)] = (node, fact)

    def __getitem__(self, node: Node) -> V:
        entry = self._facts.get(id(node))
        if entry is None and self.below is not None:
            return self.below[node]
        return self._facts[id(node)][1]

    def get(self, node: Node) -> V | None:
        entry = self._facts.get(id(node))
        if entry is None:
            return self.below.get(node) if self.below is not None else None
        return entry[1]

    def __contains__(self, node: Node) -> bool:
        return id(node) in self._facts or (self.below is not None and node in self.below)

    def discard(self, node: Node) -> None:
        """Forget what this table itself has of a node."""
        self._facts.pop(id(node), None)

    def items(self) -> list[tuple[Node, V]]:
        return list(self._facts.values())


@dataclass(frozen=True, eq=False)
class Variable:
    """One scratch variable: the node that first names it and the type it was declared with."""

    first: Var
    declared: TypeExpr | None = None

    @property
    def name(self) -> str:
        return self.first.name

    @property
    def span(self) -> Span:
        return self.first.span
