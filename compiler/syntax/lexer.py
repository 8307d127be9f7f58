"""Lexer: text to tokens, with PLY.

Two states. At the top level (state `top`) a word starts an item: a keyword, a C definition taken as
text, or an attach point taken as text (points.py). Braces, a predicate or an item's keyword lead
into the state of statements and expressions (INITIAL), and its end leads back. Errors go to the
diagnostics with their place, and reading goes on.

The docstring of a rule is the regular expression of its token, as PLY wants it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from aotrace.compiler.diagnostics import Diagnostics
from aotrace.compiler.source import Source, Span
from aotrace.compiler.syntax import cdefs, lextab, literals, points
from aotrace.compiler.syntax.tokens import (
    KEYWORDS,
    KINDS,
    OPERATORS,
    Number,
    PointText,
    Token,
    TokenValue,
)
from aotrace.compiler.syntax.tokens import LITERALS as literals_of_grammar
from ply import lex

REGEX_FLAGS = int(re.ASCII)

tokens = KINDS
literals_ = literals_of_grammar
states = (("top", "exclusive"),)

_LAYOUT = re.compile(r"(?:\s|//[^\n]*|/\*.*?\*/)*", re.DOTALL)

# After one of these an operand is complete, so that a `{` opens the probe's block.
_OPERAND_ENDS = frozenset(
    [
        "IDENT",
        "INT",
        "STRING",
        "VAR",
        "MAP",
        "PARAM",
        "PARAM_COUNT",
        "TRUE",
        "FALSE",
        "INC",
        "DEC",
        ")",
        "]",
        "}",
    ]
)


class Reader:
    """Where one text stands in being read: what the rules below share."""

    def __init__(self, source: Source, diagnostics: Diagnostics, place: Span | None = None) -> None:
        self.source = source
        self.diagnostics = diagnostics
        self.place = place  # of the macro's use, for the text of a macro
        self.braces: list[int] = []  # where the open ones stand
        self.parens = 0
        self.item = ""  # keyword of the top-level item being read
        self.predicate = False
        self.in_header = False  # whether the open braces hold a value in an item's header
        self.if_in_predicate = False
        self.last = ""  # kind of the token before

    def span(self, start: int, end: int) -> Span:
        return self.place or Span(self.source, start, end)

    def error(self, message: str, start: int, end: int, *hints: str) -> None:
        self.diagnostics.error(message, self.span(start, end), *hints)


# --- both states -----------------------------------------------------------------------------

t_ignore = " \t\r\n\f\v"
t_top_ignore = t_ignore


def t_INITIAL_top_comment(t: Any) -> None:
    r"//[^\n]*|/\*(?:.|\n)*?\*/"


def t_INITIAL_top_open_comment(t: Any) -> None:
    r"/\*"
    t.lexer.reader.error(
        "this comment is never closed", t.lexpos, t.lexpos + 2, "close it with `*/`"
    )
    t.lexer.lexpos = len(t.lexer.lexdata)


def t_INITIAL_error(t: Any) -> None:
    _stray(t)


def t_top_error(t: Any) -> None:
    _stray(t)


def _stray(t: Any) -> None:
    char = t.lexer.lexdata[t.lexpos]
    shown = f"`{char}`" if char.isprintable() and char != "`" else f"U+{ord(char):04X}"
    t.lexer.reader.error(f"stray character {shown}", t.lexpos, t.lexpos + 1)
    t.lexer.skip(1)


def _emit(t: Any, kind: str, value: TokenValue) -> Any:
    t.type, t.value = kind, value
    t.lexer.reader.last = kind
    return t


# --- top level -------------------------------------------------------------------------------


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
    return _emit(t, "C_DEFINITION", t.lexer.lexdata[t.lexpos : end])


def t_top_keyword(t: Any) -> Any:
    r"(?:config|import|macro|fn|let)(?![^\s={;\"/@])"
    t.lexer.reader.item = t.value
    t.lexer.begin("INITIAL")
    return _emit(t, KEYWORDS[t.value], t.value)


def t_top_punctuation(t: Any) -> Any:
    r"[{},;/]"
    reader = t.lexer.reader
    if t.value == "/":
        reader.predicate, reader.if_in_predicate, reader.parens = True, False, 0
        t.lexer.begin("INITIAL")
        return _emit(t, "PRED", "/")
    if t.value == "{":
        _open_body(t)
    return _emit(t, t.value, t.value)


def _open_body(t: Any) -> None:
    reader = t.lexer.reader
    reader.braces, reader.parens = [t.lexpos], 0
    reader.predicate = reader.in_header = False
    t.lexer.begin("INITIAL")


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
    return _emit(t, "POINT", value)


# --- statements and expressions --------------------------------------------------------------


def t_word(t: Any) -> Any:
    r"[A-Za-z_]\w*"
    kind = KEYWORDS.get(t.value, "IDENT")
    if kind in ("CONFIG", "MACRO", "FN"):  # words of the top level alone
        kind = "IDENT"
    reader = t.lexer.reader
    if kind == "IF":
        reader.if_in_predicate = True
    return _emit(t, kind, t.value)


def t_number(t: Any) -> Any:
    r"[0-9]\w*"
    return _emit(t, "INT", _literal(t, literals.integer, t.value, 0, Number(0, "")))


def t_string(t: Any) -> Any:
    r'"(?:[^"\\\n]|\\[^\n])*"?'
    inside = _quoted(t, '"', "string")
    return _emit(t, "STRING", _literal(t, literals.string, inside, 1, b""))


def t_character(t: Any) -> Any:
    r"'(?:[^'\\\n]|\\[^\n])*'?"
    inside = _quoted(t, "'", "character")
    return _emit(t, "INT", _literal(t, literals.character, inside, 1, Number(0, "")))


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
        return _emit(t, "PARAM_COUNT", "$#")
    if name[:1].isdigit():
        return _emit(t, "PARAM", _param(t, name))
    if not name:
        t.lexer.reader.error("a `$` must be followed by a name", t.lexpos, t.lexpos + 1)
    return _emit(t, "VAR", name)


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
    return _emit(t, "MAP", t.value[1:])


def t_operator(t: Any) -> Any:
    r"<<=|>>=|\.\.|->|\+\+|--|<<|>>|&&|\|\||[-+*/%&|^=!<>]=|[-+*%&|^~!<>=?:;,.()\[\]]"
    _watch_item(t)
    return _emit(t, OPERATORS.get(t.value, t.value), t.value)


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
        _to_top(t)


def _to_top(t: Any) -> None:
    reader = t.lexer.reader
    reader.item, reader.predicate, reader.parens = "", False, 0
    t.lexer.begin("top")


def t_slash(t: Any) -> Any:
    r"/"
    reader = t.lexer.reader
    if reader.predicate and not reader.braces and reader.parens <= 0:
        after = _LAYOUT.match(t.lexer.lexdata, t.lexpos + 1)
        if after and t.lexer.lexdata.startswith("{", after.end()):
            _to_top(t)
            return _emit(t, "END_PRED", "/")
    return _emit(t, "/", "/")


def t_open_brace(t: Any) -> Any:
    r"\{"
    reader = t.lexer.reader
    ends = reader.last in _OPERAND_ENDS and not reader.if_in_predicate
    if reader.predicate and not reader.braces and ends:
        _open_body(t)  # the predicate was not closed: the parser will say so
    else:
        if not reader.braces:
            reader.in_header = reader.predicate or reader.parens > 0
        reader.braces.append(t.lexpos)
    return _emit(t, "{", "{")


def t_close_brace(t: Any) -> Any:
    r"\}"
    reader = t.lexer.reader
    if reader.braces:
        reader.braces.pop()
    if not reader.braces and not reader.in_header and not reader.place:
        _to_top(t)
    return _emit(t, "}", "}")


# --- use -------------------------------------------------------------------------------------

_base: Any = None


def build(table: Any) -> Any:
    """The PLY lexer; from a table module, or made anew for None (slow: it checks the rules)."""
    names = globals() | {"literals": literals_of_grammar}
    module = _Rules(names)
    if table is None:
        return lex.lex(module=module, reflags=REGEX_FLAGS)
    return lex.lex(module=module, optimize=True, lextab=table, reflags=REGEX_FLAGS)


class _Rules:
    """What PLY is to see of this module: its `literals` are characters, here it is a module."""

    def __init__(self, names: dict[str, Any]) -> None:
        self.__dict__.update({n: v for n, v in names.items() if n.startswith("t_")})
        self.tokens, self.literals, self.states = names["tokens"], names["literals"], states
        self.__file__, self.__package__ = __file__, __package__


def _lexer() -> Any:
    global _base
    if _base is None:
        _base = build(lextab)
    return _base.clone()


def scan(source: Source, text: str, diagnostics: Diagnostics) -> Iterator[Token]:
    """The tokens of a script's text, before macros are expanded."""
    yield from _scan(Reader(source, diagnostics), text, "top")


def scan_macro(text: str, place: Span, diagnostics: Diagnostics) -> Iterator[Token]:
    """The tokens of a macro's text; each carries the place of the macro's use."""
    yield from _scan(Reader(place.source, diagnostics, place), text, "INITIAL")


def _scan(reader: Reader, text: str, state: str) -> Iterator[Token]:
    lexer = _lexer()
    lexer.input(text)
    lexer.reader = reader
    lexer.begin(state)
    while (found := lexer.token()) is not None:
        yield Token(found.type, found.value, reader.span(found.lexpos, lexer.lexpos))
