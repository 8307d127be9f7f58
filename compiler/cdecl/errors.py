"""What is wrong with a C definition, on its way to the diagnostics."""

from __future__ import annotations

from aotrace.compiler.source import Span


class DeclarationError(Exception):
    """A definition cannot be read on; `silent` where the reason has been reported already."""

    def __init__(self, message: str, span: Span, *hints: str, silent: bool = False) -> None:
        super().__init__(message)
        self.span = span
        self.hints = hints
        self.silent = silent
