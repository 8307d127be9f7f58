"""Preprocessing."""

from __future__ import annotations

from dataclasses import dataclass, field

from aotrace.compiler.source import Source


@dataclass(frozen=True)
class Preprocessed:
    source: Source
    text: str
    macros: dict[str, object] = field(default_factory=dict)
