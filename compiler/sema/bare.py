"""What calls leave unsaid is written out, AST to AST.

`nsecs` is the call `nsecs()`, what a function evaluates at build time stands under `comptime`, and
a map is given `sum(…)` where that stands, be it in a block.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from aotrace.compiler.builtins import BY_NAME
from aotrace.compiler.builtins.record import (
    AggregateFunction,
    Function,
    MapFunction,
    Parameter,
    is_bare,
    match_parameters,
)
from aotrace.compiler.syntax import nodes
from aotrace.compiler.syntax.nodes import Call, Ident, MapAccess, MapRef, Node, Var
from aotrace.compiler.syntax.walk import rebuilt, walk

_OWN = -1  # the mark of variables that no script and no macro can name


def write_out_calls(program: nodes.Program) -> nodes.Program:
    """The program with each such call written out."""
    probes = tuple(rebuilt(p, _visit, _same) if _any(p) else p for p in program.probes)
    functions = tuple(rebuilt(f, _visit, _same) if _any(f) else f for f in program.functions)
    return replace(program, probes=probes, functions=functions)


def _is_bare(node: Node) -> bool:
    entry = BY_NAME.get(node.name) if isinstance(node, Ident) else None
    return isinstance(entry, Function) and is_bare(entry)


def _settled(node: Node) -> list[Parameter]:
    """The parameter of each argument, where some are evaluated at build time."""
    entry = BY_NAME.get(node.name) if isinstance(node, Call) else None
    parameters = entry.parameters if isinstance(entry, Function) else ()
    if not isinstance(node, Call) or not any(parameter.comptime for parameter in parameters):
        return []
    return match_parameters(parameters, len(node.args))


def _assigns(node: Node) -> bool:
    entry = BY_NAME.get(node.name) if isinstance(node, Call) else None
    if not isinstance(entry, MapFunction) or not entry.assigns or not isinstance(node, Call):
        return False
    given = len(node.args) == 3
    return given and isinstance(node.args[0], MapRef) and isinstance(node.args[2], Var)


def _any(node: Node) -> bool:
    rules = (_is_bare, _settled, _assigns, _sums_up)
    return any(rule(below) for below in walk(node) for rule in rules)


def _with_assignment(node: Call) -> nodes.BlockExpr:
    """`find(@m, key, $v)`: where the key is there, `$v = @m[key]`; the value is whether it is."""
    ref, key, target = node.args
    span = node.span
    at, found = Var(span, "key", _OWN), Var(span, "found", _OWN)
    access = MapAccess(span, ref, at)  # type: ignore[arg-type]  # looked at
    assign = nodes.Assign(span, target, "=", access, span)  # type: ignore[arg-type]
    steps = (
        nodes.Let(span, at, None, key),  # type: ignore[arg-type]
        nodes.Let(span, found, None, replace(node, args=(ref, at))),
        nodes.If(span, found, nodes.Block(span, (assign,)), None),
    )
    return nodes.BlockExpr(span, steps, found)


def _sums_up(node: Node) -> bool:
    """Whether it gives a map a block's value that is a call like `sum(…)`: no value by itself."""
    if not isinstance(node, nodes.Assign) or not isinstance(node.value, nodes.BlockExpr):
        return False
    value: Node = node.value
    while isinstance(value, nodes.BlockExpr):
        value = value.value
    return isinstance(value, Call) and isinstance(BY_NAME.get(value.name), AggregateFunction)


def _into_block(assign: nodes.Assign) -> Any:
    """`@ = { statements; sum(…) }` is `{ statements; @ = sum(…); }`."""
    block = assign.value
    if not isinstance(block, nodes.BlockExpr):
        return assign
    last = _into_block(replace(assign, value=block.value))
    return nodes.Block(block.span, (*block.statements, last))


def _visit(node: Node) -> Any:
    if isinstance(node, Ident) and _is_bare(node):
        return Call(node.span, node.name, (), node.span)
    settled = _settled(node)
    made: Any = rebuilt(node, _visit, _same)
    if isinstance(node, Call):
        made = replace(made, args=_with_words(node, made))
    if _assigns(node):
        return _with_assignment(made)
    if _sums_up(node):
        return _into_block(made)
    if not settled:
        return made
    args = [
        nodes.Comptime(arg.span, arg) if parameter.comptime else arg
        for arg, parameter in zip(made.args, settled, strict=False)
    ]
    return replace(made, args=(*args, *made.args[len(args) :]))


def _with_words(node: Call, made: Call) -> tuple[Any, ...]:
    """The arguments, of which bare names stay what they are where the function takes some."""
    parameters = getattr(BY_NAME.get(node.name), "parameters", ())
    matched = match_parameters(parameters, len(node.args))
    takes = [bool(parameter.words or parameter.any_word) for parameter in matched]
    takes += [False] * (len(node.args) - len(takes))
    return tuple(
        old if word and isinstance(old, Ident) else new
        for old, new, word in zip(node.args, made.args, takes, strict=True)
    )


def _same(span: Any) -> Any:
    return span
