"""Lexer rules of statements and expressions.

The docstring of a rule is the regular expression of its token, as PLY wants it.
"""

from __future__ import annotations

import re
from typing import Any

from aotrace.compiler.syntax import literals, points
from aotrace.compiler.syntax.reader import (
    COMMENT,
    IGNORED,
    emit,
    open_body,
    open_comment,
    stray,
    to_top,
)
from aotrace.compiler.syntax.tokens import KEYWORDS, OPERATORS, Number, TokenValue
from ply.lex import TOKEN

_LAYOUT = re.compile(r"(?:\s|//[^\n]*|/\*.*?\*/)*", re.DOTALL)

# After one of these an operand is complete, so that a `{` opens the probe's block.
_OPERAND_ENDS = frozenset(
    ["IDENT", "INT", "STRING", "VAR", "MAP", "PARAM", "PARAM_COUNT", "TRUE", "FALSE"]
) | frozenset(["INC", "DEC", ")", "]", "}"])

t_ignore = IGNORED


@TOKEN(COMMENT)  # type: ignore[untyped-decorator]
def t_comment(t: Any) -> None:
    pass


def t_open_comment(t: Any) -> None:
    r"/\*"
    open_comment(t)


def t_error(t: Any) -> None:
    stray(t)


def t_word(t: Any) -> Any:
    r"[A-Za-z_]\w*"
    kind = KEYWORDS.get(t.value, "IDENT")
    if kind in ("CONFIG", "MACRO", "FN"):  # words of the top level alone
        kind = "IDENT"
    reader = t.lexer.reader
    if kind == "IF":
        reader.if_in_predicate = True
    return emit(t, kind, t.value)


def t_number(t: Any) -> Any:
    r"[0-9]\w*"
    return emit(t, "INT", _literal(t, literals.integer, t.value, 0, Number(0, "")))


def t_string(t: Any) -> Any:
    r'"(?:[^"\\\n]|\\[^\n])*"?'
    inside = _quoted(t, '"', "string")
    return emit(t, "STRING", _literal(t, literals.string, inside, 1, b""))


def t_character(t: Any) -> Any:
    r"'(?:[^'\\\n]|\\[^\n])*'?"
    inside = _quoted(t, "'", "character")
    return emit(t, "INT", _literal(t, literals.character, inside, 1, Number(0, "")))


def _quoted(t: Any, quote: str, what: str) -> str:
    text: str = t.value
    if len(text) > 1 and text.endswith(quote) and not re.search(r"(?<!\\)(?:\\\\)*\\.\Z", text):
        return text[1:-1]
    hint = f"close it with `{quote}` on the same line"
    t.lexer.reader.error(f"unterminated {what}", t.lexpos, t.lexpos + len(text), hint)
    return text[1:].rstrip("\\")


def _literal(t: Any, decode: Any, text: str, shift: int, instead: TokenValue) -> TokenValue:
    try:
        value: TokenValue = decode(text)
    except literals.LiteralError as error:
        start = t.lexpos + shift
        t.lexer.reader.error(str(error), start + error.start, start + error.end, *error.hints)
        return instead
    return value


def t_dollar(t: Any) -> Any:
    r"\$(?:\w+|\#)?"
    name = t.value[1:]
    if name == "#":
        return emit(t, "PARAM_COUNT", "$#")
    if name[:1].isdigit():
        return emit(t, "PARAM", _param(t, name))
    if not name:
        t.lexer.reader.error("a `$` must be followed by a name", t.lexpos, t.lexpos + 1)
    return emit(t, "VAR", name)


def _param(t: Any, digits: str) -> int:
    if digits.isdigit() and len(digits) < 20 and 1 <= int(digits) <= points.MAX_PARAM:
        return int(digits)
    known = digits.isdigit()
    message = (
        f"parameter `${digits}` is out of range: they count from $1"
        if known
        else (f"`${digits}` is neither a parameter nor a variable: a name starts with a letter")
    )
    t.lexer.reader.error(message, t.lexpos, t.lexpos + 1 + len(digits))
    return 1


def t_map(t: Any) -> Any:
    r"@(?:[A-Za-z_]\w*)?"
    return emit(t, "MAP", t.value[1:])


def t_operator(t: Any) -> Any:
    r"<<=|>>=|\.\.|->|\+\+|--|<<|>>|&&|\|\||[-+*/%&|^=!<>]=|[-+*%&|^~!<>=?:;,.()\[\]]"
    _watch_item(t)
    return emit(t, OPERATORS.get(t.value, t.value), t.value)


def _watch_item(t: Any) -> None:
    """`;` ends an import or a map declaration, and so does the `)` of the latter."""
    reader = t.lexer.reader
    if t.value == "(":
        reader.parens += 1
    elif t.value == ")":
        reader.parens -= 1
    if not reader.item or reader.braces:
        return
    if t.value == ";" or (reader.item == "let" and t.value == ")" and reader.parens <= 0):
        to_top(t)


def t_slash(t: Any) -> Any:
    r"/"
    reader = t.lexer.reader
    if reader.predicate and not reader.braces and reader.parens <= 0:
        after = _LAYOUT.match(t.lexer.lexdata, t.lexpos + 1)
        if after and t.lexer.lexdata.startswith("{", after.end()):
            to_top(t)
            return emit(t, "END_PRED", "/")
    return emit(t, "/", "/")


def t_open_brace(t: Any) -> Any:
    r"\{"
    reader = t.lexer.reader
    ends = reader.last in _OPERAND_ENDS and not reader.if_in_predicate
    if reader.predicate and not reader.braces and ends:
        open_body(t)  # the predicate was not closed: the parser will say so
    else:
        if not reader.braces:
            reader.in_header = reader.predicate or reader.parens > 0
        reader.braces.append(t.lexpos)
    return emit(t, "{", "{")


def t_close_brace(t: Any) -> Any:
    r"\}"
    reader = t.lexer.reader
    if reader.braces:
        reader.braces.pop()
    if not reader.braces and not reader.in_header and not reader.place:
        to_top(t)
    return emit(t, "}", "}")
