"""Printer: a tree back to source, such that it parses to an equal tree.

Layout is fixed (two spaces, a statement a line); comments and macros are gone with the tokens.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from aotrace.compiler.syntax import nodes
from aotrace.compiler.syntax.print_expr import UNARY, expression, quoted, type_text
from aotrace.compiler.syntax.print_point import attach_point

INDENT = "  "


def print_program(program: nodes.Program) -> str:
    """The whole script, with a newline at its end."""
    parts = [_definition(definition) for definition in program.definitions]
    if program.config:
        parts.append("\n".join(["config = {", *map(_setting, program.config), "}"]))
    parts += [
        f"import {quoted(item.path.encode('utf-8', 'surrogateescape'))};"
        for item in program.imports
    ]
    parts += [_map_declaration(item) for item in program.map_decls]
    parts += [_macro(item) for item in program.macros]
    parts += [_function(item) for item in program.functions]
    parts += [_probe(item) for item in program.probes]
    return "\n\n".join(parts) + "\n"


def print_statement(statement: nodes.Stmt, indent: str = "") -> str:
    """One statement, with its `;` where it has one."""
    return indent + _STATEMENTS[type(statement)](statement, indent)


# --- top level -------------------------------------------------------------------------------


def _definition(definition: nodes.CDefinition) -> str:
    return definition.text


def _setting(item: nodes.ConfigItem) -> str:
    value = item.value
    if isinstance(value, bool):
        return f"{INDENT}{item.name} = {str(value).lower()};"
    return f"{INDENT}{item.name} = {quoted(value) if isinstance(value, bytes) else value};"


def _map_declaration(item: nodes.MapDecl) -> str:
    return f"let @{item.map.name} = {item.kind}({expression(item.max_entries)});"


def _macro(item: nodes.MacroDef) -> str:
    params = ", ".join(expression(param) for param in item.params)
    if isinstance(item.body, nodes.Block):
        body = block(item.body, "")
    else:
        body = block_value(item.body, "")
    return f"macro {item.name}({params})\n{body}"


def _function(item: nodes.FunctionDef) -> str:
    params = ", ".join(f"${param.var.name} : {type_text(param.type)}" for param in item.params)
    return f"fn {item.name}({params}) : {type_text(item.result)}\n{block(item.body, '')}"


def _probe(item: nodes.Probe) -> str:
    lines = [",\n".join(map(attach_point, item.points))]
    if item.predicate is not None:
        lines.append(f"/ {expression(item.predicate)} /")
    return "\n".join([*lines, block(item.body, "")])


# --- statements ------------------------------------------------------------------------------


def block(item: nodes.Block, indent: str) -> str:
    """`{ … }` over several lines; the first line is not indented."""
    return _braces([print_statement(s, indent + INDENT) for s in item.statements], indent)


def block_value(item: nodes.BlockExpr, indent: str) -> str:
    """A block that ends in its value."""
    inner = indent + INDENT
    lines = [print_statement(s, inner) for s in item.statements]
    return _braces([*lines, inner + _value_statement(item.value, inner)], indent)


def _value_statement(value: nodes.Expr, indent: str) -> str:
    text = expression(value, indent)
    return f"({text})" if text.startswith("{") else text


def _braces(lines: Iterable[str], indent: str) -> str:
    return "\n".join(["{", *lines, indent + "}"])


def _expression_statement(item: nodes.ExprStmt, indent: str) -> str:
    return _value_statement(item.value, indent) + ";"


def _assign(item: nodes.Assign, indent: str) -> str:
    return f"{expression(item.target, indent)} {item.op} {expression(item.value, indent)};"


def _discard(item: nodes.Discard, indent: str) -> str:
    return f"_ = {expression(item.value, indent)};"


def _let(item: nodes.Let, indent: str) -> str:
    type_part = f" : {type_text(item.type)}" if item.type is not None else ""
    value = f" = {expression(item.value, indent)}" if item.value is not None else ""
    return f"let ${item.var.name}{type_part}{value};"


def _if(item: nodes.If, indent: str) -> str:
    text = f"if ({expression(item.condition, indent)}) {block(item.then, indent)}"
    if item.other is None:
        return text
    return f"{text} else {_STATEMENTS[type(item.other)](item.other, indent)}"


def _while(item: nodes.While, indent: str) -> str:
    return f"while ({expression(item.condition, indent)}) {block(item.body, indent)}"


def _unroll(item: nodes.Unroll, indent: str) -> str:
    return f"unroll ({expression(item.count, indent)}) {block(item.body, indent)}"


def _for_range(item: nodes.ForRange, indent: str) -> str:
    first, last = (expression(bound, indent, UNARY) for bound in (item.first, item.last))
    return f"for (${item.var.name} : {first}..{last}) {block(item.body, indent)}"


def _for_map(item: nodes.ForMap, indent: str) -> str:
    return f"for (${item.var.name} : @{item.map.name}) {block(item.body, indent)}"


def _jump(item: nodes.Jump, indent: str) -> str:
    return item.kind + ";"


def _return(item: nodes.Return, indent: str) -> str:
    return "return;" if item.value is None else f"return {expression(item.value, indent)};"


def _import(item: nodes.Import, indent: str) -> str:
    return f"import {quoted(item.path.encode('utf-8', 'surrogateescape'))};"


_STATEMENTS: dict[type[nodes.Node], Callable[[Any, str], str]] = {
    nodes.Block: block,
    nodes.ExprStmt: _expression_statement,
    nodes.Assign: _assign,
    nodes.Discard: _discard,
    nodes.Let: _let,
    nodes.If: _if,
    nodes.While: _while,
    nodes.Unroll: _unroll,
    nodes.ForRange: _for_range,
    nodes.ForMap: _for_map,
    nodes.Jump: _jump,
    nodes.Return: _return,
    nodes.Import: _import,
}
