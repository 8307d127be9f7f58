"""What can stop the code generator once a script has passed all checks."""

from __future__ import annotations

from aotrace.compiler.source import Span

REPORT = "please report this script"


class CodegenError(Exception):
    """A message, what to do about it, and where (line and column from 1; 0: nowhere known).

    span: the same place as a span, unless it was LLVM that told it.
    """

    span: Span | None = None

    def __init__(self, message: str, hint: str = REPORT, line: int = 0, column: int = 0) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.line = line
        self.column = column

    def put(self, span: Span) -> None:
        """Say where it happened, unless that is known already."""
        if not self.line:
            self.line, self.column, self.span = span.line, span.column, span
