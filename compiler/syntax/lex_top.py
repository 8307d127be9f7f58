"""Lexer rules of the top level: keywords, C definitions and attach points, which are taken as text.

The docstring of a rule is the regular expression of its token, as PLY wants it.
"""

from __future__ import annotations

from typing import Any

from aotrace.compiler.syntax import cdefs, points
from aotrace.compiler.syntax.reader import COMMENT, IGNORED, emit, open_body, open_comment, stray
from aotrace.compiler.syntax.tokens import KEYWORDS, PointText
from ply.lex import TOKEN

t_top_ignore = IGNORED


@TOKEN(COMMENT)  # type: ignore[untyped-decorator]
def t_top_comment(t: Any) -> None:
    pass


def t_top_open_comment(t: Any) -> None:
    r"/\*"
    open_comment(t)


def t_top_error(t: Any) -> None:
    stray(t)


def t_top_definition(t: Any) -> Any:
    r"(?:struct|union|enum|typedef)\b"
    end = cdefs.end_of_definition(t.lexer.lexdata, t.lexpos)
    if end is None and not cdefs.is_left_open(t.lexer.lexdata, t.lexpos):
        return _point(t)
    if end is None:
        end = len(t.lexer.lexdata)
        keyword_end = t.lexpos + len(t.value)
        hint = "close it with `}`"
        t.lexer.reader.error(f"this {t.value} is never closed", t.lexpos, keyword_end, hint)
    t.lexer.lexpos = end
    return emit(t, "C_DEFINITION", t.lexer.lexdata[t.lexpos : end])


def t_top_keyword(t: Any) -> Any:
    r"(?:config|import|macro|fn|let)(?![^\s={;\"/@])"
    t.lexer.reader.item = t.value
    t.lexer.begin("INITIAL")
    return emit(t, KEYWORDS[t.value], t.value)


def t_top_punctuation(t: Any) -> Any:
    r"[{},;/]"
    reader = t.lexer.reader
    if t.value == "/":
        reader.predicate, reader.if_in_predicate, reader.parens = True, False, 0
        t.lexer.begin("INITIAL")
        return emit(t, "PRED", "/")
    if t.value == "{":
        open_body(t)
    return emit(t, t.value, t.value)


def t_top_point(t: Any) -> Any:
    r"."
    return _point(t)


def _point(t: Any) -> Any:
    text, start = t.lexer.lexdata, t.lexpos
    end = max(points.scan(text, start), start + 1)
    t.lexer.lexpos = end
    try:
        value = points.split(text[start:end])
    except points.PointError as error:
        t.lexer.reader.error(str(error), start + error.start, start + error.end, *error.hints)
        value = PointText((text[start:end],), "", ())
    return emit(t, "POINT", value)
