"""Blocks and ifs while their use is open: as statements they do, as values they end in a value.

In `{ a; b }` the `b` is the block's value where one is wanted, and a statement elsewhere; the same
holds for the branches of an `if`. Only what encloses a block tells, so the grammar builds drafts.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

from aotrace.compiler.source import Span
from aotrace.compiler.syntax import nodes

MAX_DEPTH = 200


@dataclass
class BlockDraft:
    """`{ items }`; open when the last item has no `;` after it, so that it may be the value."""

    span: Span
    items: list[Draft]
    open: bool
    depth: int = field(init=False)

    def __post_init__(self) -> None:
        self.depth = 1 + max(
            (item.depth for item in self.items if isinstance(item, Drafts)), default=0
        )


@dataclass
class IfDraft:
    """`if (condition) then else other`."""

    span: Span
    condition: nodes.Expr
    then: BlockDraft
    other: BlockDraft | IfDraft | None
    depth: int = field(init=False)

    def __post_init__(self) -> None:
        self.depth = 1 + max(self.then.depth, self.other.depth if self.other else 0)


Drafts = (BlockDraft, IfDraft)
Draft: TypeAlias = "nodes.Stmt | BlockDraft | IfDraft"


def statement(draft: Draft) -> nodes.Stmt:
    """The draft as a statement."""
    if isinstance(draft, BlockDraft):
        return block(draft)
    if isinstance(draft, IfDraft):
        other = None if draft.other is None else statement(draft.other)
        assert other is None or isinstance(other, (nodes.Block, nodes.If))
        return nodes.If(draft.span, draft.condition, block(draft.then), other)
    return draft


def block(draft: BlockDraft) -> nodes.Block:
    """The draft as a block of statements."""
    return nodes.Block(draft.span, tuple(statement(item) for item in draft.items))


def value(draft: Draft) -> nodes.Expr | None:
    """The draft as an expression; None when it does not end in a value."""
    if isinstance(draft, BlockDraft):
        return block_value(draft)
    if isinstance(draft, IfDraft):
        return _if_value(draft)
    return draft.value if isinstance(draft, nodes.ExprStmt) else None


def block_value(draft: BlockDraft) -> nodes.BlockExpr | None:
    """The draft as a block expression; None when it does not end in a value."""
    last = value(draft.items[-1]) if draft.items and draft.open else None
    if last is None:
        return None
    return nodes.BlockExpr(draft.span, tuple(statement(item) for item in draft.items[:-1]), last)


def _if_value(draft: IfDraft) -> nodes.Ternary | None:
    """`if` and `?:` with values are one thing."""
    then = block_value(draft.then)
    other = None if draft.other is None else value(draft.other)
    if then is None or other is None:
        return None
    return nodes.Ternary(draft.span, draft.condition, then, other)
