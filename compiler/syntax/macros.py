"""Macros of the C preprocessor, expanded in the stream of tokens.

Tokens of an expansion carry the span of the macro's use. As in bpftrace, a macro without parameters
whose text is an expression stands for that expression, not for its bare text: with `#define N 1+2`,
`N*3` is 9. Names after `.` and `->` are fields, and are left alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

from aotrace.compiler.diagnostics import Diagnostics
from aotrace.compiler.source import Span
from aotrace.compiler.syntax import ctokens, lexer
from aotrace.compiler.syntax.tokens import BINARY_OPERATORS, Token

MAX_NESTING = 100
MAX_TOKENS = 200_000

# Names that bpftrace's parser knows as builtins: no header may give them another meaning.
_BUILTINS = frozenset(["args", "ctx", "kstack", "nsecs", "pid", "tid", "ustack"])
_OPERAND_ENDS = frozenset(
    ["IDENT", "INT", "STRING", "VAR", "MAP", "PARAM", "PARAM_COUNT", "TRUE", "FALSE", ")", "]"]
)


@dataclass(frozen=True)
class Macro:
    """`#define name body` or `#define name(params) body`.

    params is None for a macro without parameters; own is False for a macro of a system header.
    """

    name: str
    body: str
    params: tuple[str, ...] | None = None
    variadic: bool = False
    own: bool = True


class MacroError(Exception):
    """A macro cannot be expanded; the place is that of its use."""


def expand(
    tokens: list[Token], macros: Mapping[str, Macro], diagnostics: Diagnostics,
    pack_at: Callable[[Span], int] = lambda _span: 0,
) -> Iterator[Token]:  # fmt: skip
    """The tokens with all macros expanded. What cannot be expanded is reported, and left out.

    pack_at: how closely structs are packed that are defined there (`#pragma pack`).
    """
    expander = _Expander(macros, diagnostics)
    index = 0
    while index < len(tokens):
        token = tokens[index]
        if token.kind == "C_DEFINITION":
            text = str(token.value)
            pack = pack_at(token.span)
            said = Diagnostics() if token.span.source.system else diagnostics
            yield replace(token, value=ctokens.read(text, token.span, macros, said, pack))
        elif token.kind == "IDENT":
            end, expansion = expander.at(tokens, index, frozenset(), token.span)
            yield from expansion
            index = end
            continue
        else:
            yield token
        index += 1


class _Expander:
    def __init__(self, macros: Mapping[str, Macro], diagnostics: Diagnostics) -> None:
        self.macros = macros
        self.diagnostics = diagnostics
        self.bodies: dict[str, list[Token]] = {}
        self.budget = MAX_TOKENS

    def at(
        self, tokens: list[Token], index: int, active: frozenset[str], place: Span
    ) -> tuple[int, list[Token]]:
        """What the token at index expands to, and the index of the token that follows."""
        macro = self._macro(tokens, index, active)
        if macro is None:
            return index + 1, [tokens[index]]
        try:
            if len(active) >= MAX_NESTING:
                raise MacroError(f"macro `{macro.name}` is nested too deeply")
            if macro.params is None:
                body = _as_operand(self._body(macro, place))
                return index + 1, self._again(body, active | {macro.name}, place)
            return self._call(macro, tokens, index, active, place)
        except MacroError as error:
            self.diagnostics.error(str(error), place)
            return index + 1, []

    def _macro(self, tokens: list[Token], index: int, active: frozenset[str]) -> Macro | None:
        name = str(tokens[index].value)
        macro = self.macros.get(name)
        if macro is None or name in active or name in _BUILTINS:
            return None
        if index and tokens[index - 1].kind in (".", "ARROW"):
            return None
        called = index + 1 < len(tokens) and tokens[index + 1].kind == "("
        if macro.params is not None:
            return macro if called and (macro.own or active) else None
        return macro if macro.own or (not called and macro.body) else None

    def _body(self, macro: Macro, place: Span) -> list[Token]:
        if macro.name not in self.bodies:
            if "#" in macro.body:
                raise MacroError(f"macro `{macro.name}`: `#` and `##` are not supported")
            self.bodies[macro.name] = list(lexer.scan_macro(macro.body, place, self.diagnostics))
        return [replace(token, span=place) for token in self.bodies[macro.name]]

    def _again(self, tokens: list[Token], active: frozenset[str], place: Span) -> list[Token]:
        """The tokens of a body, expanded in turn."""
        self.budget -= len(tokens)
        if self.budget < 0:
            raise MacroError("macros expand to too much text")
        result: list[Token] = []
        index = 0
        while index < len(tokens):
            if tokens[index].kind != "IDENT":
                result.append(tokens[index])
                index += 1
                continue
            index, expansion = self.at(tokens, index, active, place)
            result += expansion
        return result

    def _call(
        self, macro: Macro, tokens: list[Token], index: int, active: frozenset[str], place: Span
    ) -> tuple[int, list[Token]]:
        end, arguments = _arguments(macro, tokens, index + 1)
        values = {
            name: self._again(argument, active, place)
            for name, argument in zip(_names(macro), _fitted(macro, arguments))
        }
        body: list[Token] = []
        for token in self._body(macro, place):
            known = token.kind == "IDENT" and str(token.value) in values
            body += values[str(token.value)] if known else [token]
        return end, self._again(body, active | {macro.name}, place)


def _names(macro: Macro) -> tuple[str, ...]:
    return macro.params or ()


def _arguments(macro: Macro, tokens: list[Token], start: int) -> tuple[int, list[list[Token]]]:
    """The arguments in the parentheses that open at start, and the index after the closing one."""
    arguments: list[list[Token]] = [[]]
    depth = 0
    for index in range(start, len(tokens)):
        token = tokens[index]
        if token.kind in ("(", "[", "{"):
            depth += 1
        elif token.kind in (")", "]", "}"):
            depth -= 1
        if depth == 0:
            if token.kind != ")":
                break
            return index + 1, arguments if arguments != [[]] else []
        if token.kind == "," and depth == 1:
            arguments.append([])
        elif index > start:
            arguments[-1].append(token)
    raise MacroError(f"the arguments of macro `{macro.name}` have no closing parenthesis")


def _fitted(macro: Macro, arguments: list[list[Token]]) -> list[list[Token]]:
    """The arguments, one for each parameter; the last of a variadic macro takes the rest."""
    count = len(_names(macro))
    if macro.variadic and len(arguments) >= count - 1:
        rest = arguments[count - 1 :]
        joined = rest[0] if rest else []
        for argument in rest[1:]:
            joined = [*joined, Token(",", ",", argument[0].span), *argument] if argument else joined
        return [*arguments[: count - 1], joined]
    if len(arguments) != count and not (count == 1 and not arguments):
        message = f"macro `{macro.name}` takes {count} arguments, found {len(arguments)}"
        raise MacroError(message)
    return arguments or [[]]


def _as_operand(body: list[Token]) -> list[Token]:
    """The body in parentheses, where its text is an expression with an operator."""
    depth = 0
    operator = False
    for token in body:
        if token.kind in (";", ",") and depth == 0:
            return body
        depth += (token.kind in ("(", "[", "{")) - (token.kind in (")", "]", "}"))
        operator |= depth == 0 and (token.kind in BINARY_OPERATORS or token.kind == "?")
    if not operator or body[-1].kind not in _OPERAND_ENDS:
        return body
    place = body[0].span
    return [Token("(", "(", place), *body, Token(")", ")", place)]
