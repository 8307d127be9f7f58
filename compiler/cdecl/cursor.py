"""The words of one C definition, read from left to right."""

from __future__ import annotations

from aotrace.compiler.cdecl.errors import DeclarationError
from aotrace.compiler.source import Span
from aotrace.compiler.syntax.ctokens import CToken

MAX_DEPTH = 32  # of structs, brackets and parentheses in each other


class Cursor:
    """Where reading stands; `depth` counts what is open."""

    def __init__(self, words: tuple[CToken, ...], whole: Span) -> None:
        self.words = words
        self.whole = whole
        self.position = 0
        self.depth = 0

    def peek(self, ahead: int = 0) -> str:
        """The text of the next word; empty at the end."""
        index = self.position + ahead
        return self.words[index].text if index < len(self.words) else ""

    @property
    def at_word(self) -> bool:
        """Whether a name or keyword comes next."""
        return self.position < len(self.words) and self.words[self.position].kind == "word"

    @property
    def span(self) -> Span:
        """The place of the next word; the end of the definition after the last one."""
        if self.position < len(self.words):
            return self.words[self.position].span
        end = self.words[-1].span if self.words else self.whole
        return Span(end.source, max(end.end - 1, end.start), end.end)

    def next(self) -> CToken:
        if self.position >= len(self.words):
            raise DeclarationError("this C definition ends too early", self.span)
        self.position += 1
        return self.words[self.position - 1]

    def take(self, *texts: str) -> CToken | None:
        """The next word if it is one of these."""
        return self.next() if self.peek() and self.peek() in texts else None

    def expect(self, text: str, what: str = "") -> CToken:
        """The next word, which must be `text`; `what` says after what it is missed."""
        found = self.take(text)
        if found is None:
            raise self.unexpected(f"`{text}`", what)
        return found

    def unexpected(self, wanted: str, what: str = "") -> DeclarationError:
        found = f"found `{self.peek()}`" if self.peek() else "the definition ends"
        where = f" {what}" if what else ""
        return DeclarationError(f"expected {wanted}{where}, {found}", self.span)

    def enter(self) -> None:
        """Go one level deeper. Raises DeclarationError where that is too deep."""
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise DeclarationError("this C definition is nested too deeply", self.span)

    def leave(self) -> None:
        self.depth -= 1

    def skip_brackets(self) -> None:
        """Pass over what stands in the parentheses that open here."""
        opening = self.expect("(")
        depth = 1
        while depth:
            if not self.peek():
                raise DeclarationError("this `(` is never closed", opening.span)
            text = self.next().text
            depth += (text == "(") - (text == ")")
