"""Positional parameters: numbers, except where only a string makes sense.

There one is the text as it was given. It has a setting for each of the two that the script uses.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from aotrace.compiler.builtins.record import (
    Constant,
    Entry,
    EventFunction,
    Function,
    Parameter,
    match_parameters,
)
from aotrace.compiler.sema.names import Names
from aotrace.compiler.syntax.nodes import Binary, Node, Param, ParamCount
from aotrace.compiler.syntax.walk import walk
from aotrace.compiler.types import INT64, Int, Str, Type

#: A parameter that is a number takes the sign of what stands beside it, as a literal does.
NUMBER = Int(8, True, flexible=True)
COUNT = Int(8, False, flexible=True)
COUNT_SETTING = "$#"


def setting_name(node: Param, kind: Type) -> str:
    """The setting that holds a positional parameter where it has this type."""
    return f"str(${node.index})" if isinstance(kind, Str) else f"${node.index}"


def text_of(node: Node) -> Param | None:
    """The parameter in `$1` and `$1 + offset`: what str() takes the text of."""
    if isinstance(node, Binary) and node.op == "+":
        node = node.left
    return node if isinstance(node, Param) else None


def text_arguments(
    entry: Entry | None, args: Sequence[Node], constants: Sequence[Constant]
) -> Iterator[int]:
    """Positions of a call's arguments that are positional parameters read as text."""
    if not any(text_of(arg) for arg in args):
        return
    shown = entry.texts(constants) if isinstance(entry, EventFunction) else ()
    parameters = match_parameters(getattr(entry, "parameters", ()), len(args))
    for index, (arg, parameter) in enumerate(zip(args, parameters, strict=False)):
        whole = isinstance(arg, Param) and (index in shown or _wants_string(parameter))
        if whole or (parameter.text and text_of(arg)):
            yield index


def _wants_string(parameter: Parameter) -> bool:
    return parameter.accepts.test(Str(2)) and not parameter.accepts.test(INT64)


def unknown_at_build(node: Node, names: Names) -> str:
    """The end of a message on what is no constant: that it depends on a parameter. Else empty."""
    for inner in walk(node):
        entry = names.entries.get(inner)
        if isinstance(inner, (Param, ParamCount)) or (
            isinstance(entry, Function) and entry.parameter
        ):
            text = inner.span.text
            shown = text[1:-1] if text.startswith("(") else text
            return f": `{shown}` is a parameter, set when the object is loaded"
    return ""
