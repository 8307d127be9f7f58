"""Macros of a script: what each name and each list of arguments stands for.

Several macros may share a name: the arguments tell which is meant, by their number and by whether
each is a variable, a map or another expression. As in bpftrace (language reference, Macros), one
that could never be reached, because an earlier one takes all that it would take, is an error.
"""

from __future__ import annotations

from collections.abc import Sequence

from aotrace.compiler.diagnostics import Diagnostics
from aotrace.compiler.syntax import nodes
from aotrace.compiler.syntax.nodes import Ident, MacroDef, MapRef, Node, Var
from aotrace.compiler.syntax.walk import children

#: names that no macro replaces where they stand bare: the language's own words
WORDS = frozenset(["args", "ctx", "kstack", "nsecs", "pid", "tid", "ustack"])

_PREFIXES = {Var: "$", MapRef: "@", Ident: ""}
_COUNT_WEIGHT = 1024  # a wrong number of arguments weighs more than any number of wrong kinds


class Macros:
    """The macros of a program, by name."""

    def __init__(self, program: nodes.Program, diagnostics: Diagnostics) -> None:
        self._named: dict[str, list[MacroDef]] = {}
        self._diagnostics = diagnostics
        for macro in program.macros:
            self._add(macro)

    def _add(self, macro: MacroDef) -> None:
        error = self._diagnostics.error
        if earlier := self.find(macro.name, macro.params):
            hint = f"the other one is at {earlier.span}"
            error(f"macro `{macro.name}` is already defined for such arguments", macro.span, hint)
            return
        _check_parameters(macro, self._diagnostics)
        _check_jumps(macro, macro.body, 0, self._diagnostics)
        self._named.setdefault(macro.name, []).append(macro)

    def __contains__(self, name: str) -> bool:
        return name in self._named

    def find(self, name: str, args: Sequence[Node]) -> MacroDef | None:
        """The macro of that name that takes those arguments."""
        found = (m for m in self._named.get(name, ()) if not _distance(m, args))
        return next(found, None)

    def report(self, use: nodes.Call | Ident, args: Sequence[Node]) -> None:
        """Say why no macro of the name takes the arguments: by the one that comes closest."""
        macro = min(self._named[use.name], key=lambda m: _distance(m, args))
        hint = f"macro `{macro.name}` is defined at {macro.span}"
        wanted, given = len(macro.params), len(args)
        if wanted != given:
            takes = "1 argument" if wanted == 1 else f"{wanted} arguments"
            text = f"macro `{macro.name}` takes {takes} ({given} provided)"
            self._diagnostics.error(text, use.span, hint)
            return
        for param, arg in zip(macro.params, args, strict=True):
            if not _fits(param, arg):
                text = f"macro `{macro.name}` takes {_KINDS[type(param)]} for `{shown(param)}`"
                text += f", not {_KINDS.get(type(arg), 'an expression')}"
                self._diagnostics.error(text, arg.span, hint)


_KINDS: dict[type[Node], str] = {Var: "a variable", MapRef: "a map"}


def shown(param: Node) -> str:
    """A parameter as it is written: `$x`, `@m`, `x`."""
    assert isinstance(param, (Var, MapRef, Ident))
    return _PREFIXES[type(param)] + param.name


def _fits(param: Node, arg: Node) -> bool:
    return isinstance(param, Ident) or type(param) is type(arg)


def _distance(macro: MacroDef, args: Sequence[Node]) -> int:
    """How far the arguments are from what the macro takes; 0: it takes them."""
    wrong = sum(not _fits(param, arg) for param, arg in zip(macro.params, args, strict=False))
    return _COUNT_WEIGHT * abs(len(macro.params) - len(args)) + wrong


def is_word(name: str) -> bool:
    """Whether a bare name belongs to the language: `pid`, `arg0`; no macro can take its place."""
    number = name.removeprefix("s").removeprefix("arg")
    return name in WORDS or (number != name and "arg" in name and number.isdigit())


def _check_parameters(macro: MacroDef, diagnostics: Diagnostics) -> None:
    seen = set()
    for param in macro.params:
        name = shown(param)
        if isinstance(param, Ident) and is_word(name):
            text = f"`{name}` is a builtin and cannot be an argument of a macro"
            diagnostics.error(text, param.span, "choose another name")
        if name in seen:
            text = f"macro `{macro.name}` already has an argument `{name}`"
            diagnostics.error(text, param.span)
        seen.add(name)


def _check_jumps(macro: MacroDef, node: Node, loops: int, diagnostics: Diagnostics) -> None:
    """A macro may leave its own loops, and nothing that is around its use."""
    if isinstance(node, nodes.Return) or (isinstance(node, nodes.Jump) and not loops):
        word = "return" if isinstance(node, nodes.Return) else node.kind
        diagnostics.error(f"`{word}` cannot leave macro `{macro.name}`", node.span)
    loops += isinstance(node, (nodes.While, nodes.ForRange, nodes.ForMap))
    for child in children(node):
        _check_jumps(macro, child, loops, diagnostics)
