"""What every node has."""

from __future__ import annotations

from dataclasses import field

from aotrace.compiler.frozen import dataclass
from aotrace.compiler.source import Span


@dataclass(frozen=True)
class Node:
    """Anything that stands in a script."""

    span: Span = field(compare=False, repr=False)
