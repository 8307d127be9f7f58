"""Facts about nodes, kept beside the AST and keyed by identity: nodes compare by value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

from aotrace.compiler.source import Span
from aotrace.compiler.syntax.nodes import Node, TypeExpr, Var

V = TypeVar("V")


class NodeTable(Generic[V]):
    """A mapping from nodes (by identity) to facts."""

    def __init__(self) -> None:
        self._facts: dict[int, tuple[Node, V]] = {}

    def __setitem__(self, node: Node, fact: V) -> None:
        self._facts[id(node)] = (node, fact)

    def __getitem__(self, node: Node) -> V:
        return self._facts[id(node)][1]

    def get(self, node: Node) -> V | None:
        entry = self._facts.get(id(node))
        return entry[1] if entry else None

    def __contains__(self, node: Node) -> bool:
        return id(node) in self._facts

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
