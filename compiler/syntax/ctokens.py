"""The words of a C definition, with the preprocessor's macros expanded as C expands them.

What comes of a macro carries the span of the macro's use, so that a message points into the script.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple

from aotrace.compiler.diagnostics import Diagnostics
from aotrace.compiler.source import Source, Span

if TYPE_CHECKING:
    from aotrace.compiler.syntax.macros import Macro

#: stands for `#pragma pack(n)` within a definition
PACK_ATTRIBUTE = "aotrace_pack"
MAX_NESTING = 100
MAX_TOKENS = 200_000

_TOKEN = re.compile(
    r"""(?P<blank>\s+|//[^\n]*|/\*.*?\*/|\\\n)
    |(?P<word>[A-Za-z_]\w*)
    |(?P<number>\.?\d(?:[eEpP][+-]|[\w.])*)
    |(?P<char>'(?:[^'\\\n]|\\.)+')
    |(?P<string>"(?:[^"\\\n]|\\.)*")
    |(?P<op>\#\#|<<|>>|<=|>=|==|!=|&&|\|\||\.\.\.|[-+*/%&|^~!<>?:;,.=(){}\[\]\#])""",
    re.VERBOSE | re.DOTALL | re.ASCII,
)


class CToken(NamedTuple):
    """One word of C; kind is word, number, char, string or op."""

    kind: str
    text: str
    span: Span


class CText(NamedTuple):
    """A C definition: as text with macros expanded, and as words."""

    text: str
    tokens: tuple[CToken, ...]

    def __str__(self) -> str:
        return self.text


class _MacroError(Exception):
    pass


def read(
    text: str, span: Span, macros: Mapping[str, Macro], diagnostics: Diagnostics, pack: int = 0
) -> CText:
    """The definition that stands at `span` as `text`. What is wrong goes to the diagnostics.

    pack: each body of a struct or union gets an attribute that says so (`#pragma pack`).
    """
    tokens = list(_scan(text, span.source, span.start, diagnostics))
    expander = _Expander(macros)
    words: list[CToken] = []
    pieces: list[str] = []
    index, done = 0, 0
    while index < len(tokens):
        token = tokens[index]
        try:
            end, expansion = expander.at(tokens, index, frozenset())
            if pack and _opens_body(tokens, index):
                expansion = [*expansion, *_packed(pack, token.span)]
        except _MacroError as error:
            diagnostics.error(str(error), token.span)
            end, expansion = index + 1, [token]
        start = token.span.start - span.start
        pieces += [text[done:start], " ".join(each.text for each in expansion)]
        done = tokens[end - 1].span.end - span.start
        words += [each._replace(span=token.span) if each is not token else each
                  for each in expansion]  # fmt: skip
        index = end
    return CText("".join([*pieces, text[done:]]), tuple(words))


def _opens_body(tokens: list[CToken], index: int) -> bool:
    """Whether a `struct` or `union` stands there, and its members follow."""
    if tokens[index].text not in ("struct", "union"):
        return False
    rest = (token.text for token in tokens[index + 1 :] if token.kind == "op")
    return next(rest, "") == "{" or "{" in [token.text for token in tokens[index + 2 : index + 3]]


def _packed(pack: int, place: Span) -> Iterator[CToken]:
    for text in ("__attribute__", "(", "(", PACK_ATTRIBUTE, "(", str(pack), ")", ")", ")"):
        kind = "number" if text.isdigit() else "op" if text in "()" else "word"
        yield CToken(kind, text, place)


def _scan(text: str, source: Source, start: int, diagnostics: Diagnostics) -> Iterator[CToken]:
    position = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        end = match.end() if match else position + 1
        span = Span(source, start + position, start + end)
        if match is None:
            char = text[position]
            shown = f"`{char}`" if char.isprintable() and char != "`" else f"U+{ord(char):04X}"
            diagnostics.error(f"stray character {shown} in a C definition", span)
        elif match.lastgroup and match.lastgroup != "blank":
            yield CToken(match.lastgroup, match[0], span)
        position = end


def _is_enumerator(tokens: list[CToken], index: int) -> bool:
    """Whether an enumerator is defined there: those of the system's headers are macros as well."""
    before = tokens[index - 1].text if index else ""
    after = tokens[index + 1].text if index + 1 < len(tokens) else ""
    return before in ("{", ",") and after in ("=", ",", "}")


class _Expander:
    def __init__(self, macros: Mapping[str, Macro]) -> None:
        self.macros = macros
        self.budget = MAX_TOKENS

    def at(
        self, tokens: list[CToken], index: int, active: frozenset[str]
    ) -> tuple[int, list[CToken]]:
        """What the token at index expands to, and the index of the token that follows."""
        token = tokens[index]
        macro = self.macros.get(token.text) if token.kind == "word" else None
        if macro is not None and not macro.own and _is_enumerator(tokens, index):
            return index + 1, [token]
        if macro is None or macro.name in active:
            return index + 1, [token]
        if len(active) >= MAX_NESTING:
            raise _MacroError(f"macro `{macro.name}` is nested too deeply")
        body = self._body(macro, token.span)
        if macro.params is None:
            return index + 1, self._again(_substitute(body, {}, {}), active | {macro.name})
        if index + 1 >= len(tokens) or tokens[index + 1].text != "(":
            return index + 1, [token]
        end, arguments = _arguments(macro, tokens, index + 1)
        raw = dict(zip(macro.params, arguments))
        values = {name: self._again(argument, active) for name, argument in raw.items()}
        return end, self._again(_substitute(body, raw, values), active | {macro.name})

    def _body(self, macro: Macro, place: Span) -> list[CToken]:
        scanned = _scan(macro.body, place.source, 0, Diagnostics())
        return [token._replace(span=place) for token in scanned]

    def _again(self, tokens: list[CToken], active: frozenset[str]) -> list[CToken]:
        self.budget -= len(tokens)
        if self.budget < 0:
            raise _MacroError("macros expand to too much text")
        result: list[CToken] = []
        index = 0
        while index < len(tokens):
            index, expansion = self.at(tokens, index, active)
            result += expansion
        return result


def _substitute(
    body: list[CToken], raw: Mapping[str, list[CToken]], values: Mapping[str, list[CToken]]
) -> list[CToken]:
    """The body with its arguments; those beside `#` and `##` as they were given."""
    result: list[CToken] = []
    index = 0
    while index < len(body):
        token = body[index]
        if token.text == "##" and result and index + 1 < len(body):
            right = raw.get(body[index + 1].text, [body[index + 1]])
            result += _pasted(result.pop(), right)
            index += 1
        elif token.text == "#" and index + 1 < len(body) and body[index + 1].text in raw:
            words = " ".join(each.text for each in raw[body[index + 1].text])
            result.append(CToken("string", f'"{words}"', token.span))
            index += 1
        else:
            pasted = index + 1 < len(body) and body[index + 1].text == "##"
            result += (raw if pasted else values).get(token.text, [token])
        index += 1
    return result


def _pasted(left: CToken, right: list[CToken]) -> list[CToken]:
    """`left ## right`: one word of both, where that is one."""
    if not right:
        return [left]
    source = left.span.source
    made = list(_scan(left.text + right[0].text, source, 0, Diagnostics()))
    return [*(each._replace(span=left.span) for each in made), *right[1:]]


def _arguments(macro: Macro, tokens: list[CToken], start: int) -> tuple[int, list[list[CToken]]]:
    """The arguments in the parentheses that open at start, and the index after the closing one."""
    params = macro.params or ()
    arguments: list[list[CToken]] = [[]]
    depth = 0
    for index in range(start, len(tokens)):
        token = tokens[index]
        depth += (token.text in "([{") - (token.text in ")]}")
        if depth == 0:
            if arguments == [[]] and not params:
                arguments = []
            if len(arguments) != len(params):
                message = f"macro `{macro.name}` takes {len(params)} arguments"
                raise _MacroError(f"{message}, found {len(arguments)}")
            return index + 1, arguments
        rest = macro.variadic and len(arguments) == len(params)
        if token.text == "," and depth == 1 and not rest:
            arguments.append([])
        elif index > start:
            arguments[-1].append(token)
    raise _MacroError(f"the arguments of macro `{macro.name}` have no closing parenthesis")
