"""Syntax errors as messages: what was met, what could have stood there, and what to do."""

from __future__ import annotations

from aotrace.compiler.diagnostics import Diagnostics
from aotrace.compiler.source import Span
from aotrace.compiler.syntax import expected
from aotrace.compiler.syntax.tokens import Token, describe


def report(
    tokens: list[Token], index: int, kinds: frozenset[str], end: Span, diagnostics: Diagnostics
) -> None:
    """Report a syntax error at tokens[index], or at the end of the script.

    kinds: the kinds of tokens that could stand there.
    """
    phrase = expected.phrase(kinds)
    expectation = f", {phrase}" if phrase else ""
    if index >= len(tokens):
        message = f"syntax error, unexpected end of the script{expectation}"
        diagnostics.error(message, _last_place(tokens, end), *_unclosed(tokens))
        return
    token = tokens[index]
    previous = tokens[index - 1] if index else None
    message = f"syntax error, unexpected {describe(token)}{expectation}"
    diagnostics.error(message, token.span, *_advice(token, previous, kinds))


def _last_place(tokens: list[Token], end: Span) -> Span:
    return tokens[-1].span if tokens else end


def _unclosed(tokens: list[Token]) -> tuple[str, ...]:
    open_braces: list[Token] = []
    for token in tokens:
        if token.kind in ("{", "VALUE_BRACE"):
            open_braces.append(token)
        elif token.kind == "}" and open_braces:
            open_braces.pop()
    return tuple(
        f"the `{{` in line {token.span.line} is never closed" for token in open_braces[-1:]
    )


def _advice(token: Token, previous: Token | None, kinds: frozenset[str]) -> tuple[str, ...]:
    if token.kind == "POINT":
        return _advice_on_point(previous)
    if token.kind == "=" and "EQ" in kinds:
        return ("to compare, write `==`",)
    if token.kind == "ELSE" and previous is not None and previous.kind == ";":
        return ("an `if` and its `else` need braces: `if (…) { … } else { … }`",)
    if kinds == {"{"} and previous is not None and previous.kind == ")":
        return ("the body stands in braces, also when it is one statement",)
    if token.kind == "TAG" and "IDENT" in kinds:
        return ("a type that is an argument is written `typeof(…)`, a cast `(struct …)value`",)
    if token.kind == ":" and previous is not None and previous.kind == "VAR":
        return (f"to declare a variable with its type, write `let {previous.span.text} : …`",)
    if "END_PRED" in kinds and token.kind == "{":
        return ("a predicate stands between slashes: `/pid == 1/ {`",)
    return ()


def _advice_on_point(previous: Token | None) -> tuple[str, ...]:
    """For an attach point that follows another, or stands where none can."""
    if previous is None or previous.kind != "POINT":
        return ()
    if previous.span.text.startswith(("@", "$")):
        return ("statements stand in the block of a probe: `BEGIN { … }`",)
    return ("attach points are separated by commas, and contain no white space",)
