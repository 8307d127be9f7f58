"""Grammar of statements and blocks."""

from __future__ import annotations

from typing import Any

from aotrace.compiler.syntax import blocks, nodes
from aotrace.compiler.syntax.rules import draft_too_deep, error, extent, text


def p_block(p: Any) -> None:
    "block : '{' body '}'"
    p[0] = blocks.BlockDraft(extent(p), *p[2])
    if draft_too_deep(p, p[0]):
        p[0] = blocks.BlockDraft(extent(p), [], False)


def p_body(p: Any) -> None:
    """body : statements
    | statements simple"""
    items, is_open = p[1]
    p[0] = (items, is_open) if len(p) == 2 else ([*items, p[2]], True)


def p_statements_none(p: Any) -> None:
    "statements :"
    p[0] = ([], False)


def p_statements_simple(p: Any) -> None:
    "statements : statements simple ';'"
    p[1][0].append(p[2])
    p[0] = (p[1][0], False)


def p_statements_compound(p: Any) -> None:
    "statements : statements compound"
    p[1][0].append(p[2])
    p[0] = (p[1][0], True)


def p_statements_lone_semicolon(p: Any) -> None:
    "statements : statements ';'"
    p[0] = (p[1][0], False)


def p_statements_error(p: Any) -> None:
    "statements : statements error RESYNC"
    p.parser.errok()
    p[0] = (p[1][0], False)


# --- simple statements -----------------------------------------------------------------------


def p_simple_expression(p: Any) -> None:
    "simple : expr"
    p[0] = nodes.ExprStmt(p[1].span, p[1])


def p_simple_assign(p: Any) -> None:
    """simple : unary '=' expr
    | unary ASSIGN_OP expr"""
    if isinstance(p[1], nodes.Ident) and p[1].name == "_" and p[2].kind == "=":
        p[0] = nodes.Discard(extent(p), p[3])
        return
    if not isinstance(p[1], (nodes.Var, nodes.MapRef, nodes.MapAccess)):
        error(p, *_why_no_target(p[1]))
    p[0] = nodes.Assign(extent(p), p[1], text(p[2]), p[3], p[2].span)


def _why_no_target(target: nodes.Expr) -> tuple[Any, ...]:
    if isinstance(target, (nodes.TupleItem, nodes.Member)):
        hint = "make a new value and assign that"
        return "tuples, records and structs cannot be changed in place", target.span, hint
    if isinstance(target, nodes.Ident):
        hint = f"a variable is written `${target.name}`, a map `@{target.name}`"
        return f"`{target.name}` cannot be assigned to", target.span, hint
    return "only a variable or a map can be assigned to", target.span


def p_simple_let(p: Any) -> None:
    """simple : LET VAR
    | LET VAR '=' expr"""
    variable = nodes.Var(p[2].span, text(p[2]))
    p[0] = nodes.Let(extent(p), variable, None, p[4] if len(p) == 5 else None)


def p_simple_let_typed(p: Any) -> None:
    """simple : LET VAR ':' type
    | LET VAR ':' type '=' expr"""
    variable = nodes.Var(p[2].span, text(p[2]))
    p[0] = nodes.Let(extent(p), variable, p[4], p[6] if len(p) == 7 else None)


def p_simple_jump(p: Any) -> None:
    """simple : BREAK
    | CONTINUE"""
    p[0] = nodes.Jump(p[1].span, text(p[1]))


def p_simple_return(p: Any) -> None:
    """simple : RETURN
    | RETURN expr"""
    p[0] = nodes.Return(extent(p), p[2] if len(p) == 3 else None)


def p_simple_import(p: Any) -> None:
    "simple : import"
    p[0] = p[1]


def p_import(p: Any) -> None:
    "import : IMPORT STRING"
    p[0] = nodes.Import(extent(p), p[2].value.decode("utf-8", "surrogateescape"))


# --- compound statements ---------------------------------------------------------------------


def p_compound_draft(p: Any) -> None:
    """compound : if
    | block"""
    p[0] = p[1]


def p_if(p: Any) -> None:
    """if : IF unary block
    | IF unary block ELSE branch"""
    p[0] = blocks.IfDraft(extent(p), p[2], p[3], p[5] if len(p) == 6 else None)
    if draft_too_deep(p, p[0]):
        p[0] = blocks.IfDraft(extent(p), p[2], p[3], None)


def p_branch(p: Any) -> None:
    """branch : if
    | block"""
    p[0] = p[1]


def p_compound_while(p: Any) -> None:
    "compound : WHILE unary block"
    p[0] = nodes.While(extent(p), p[2], blocks.block(p[3]))


def p_compound_unroll(p: Any) -> None:
    "compound : UNROLL unary block"
    p[0] = nodes.Unroll(extent(p), p[2], blocks.block(p[3]))


def p_compound_for(p: Any) -> None:
    """compound : FOR VAR ':' range block
    | FOR '(' VAR ':' range ')' block"""
    name, over, body = (p[2], p[4], p[5]) if len(p) == 6 else (p[3], p[5], p[7])
    variable, loop = nodes.Var(name.span, text(name)), blocks.block(body)
    if len(over) == 2:
        p[0] = nodes.ForRange(extent(p), variable, over[0], over[1], loop)
        return
    target = over[0]
    if not isinstance(target, nodes.MapRef):
        error(
            p, "a `for` goes over a map or a range", target.span, "a range is written `first..end`"
        )
        target = nodes.MapRef(target.span, "")
    p[0] = nodes.ForMap(extent(p), variable, target, loop)


def p_range(p: Any) -> None:
    """range : unary
    | unary DOTDOT unary"""
    p[0] = (p[1],) if len(p) == 2 else (p[1], p[3])
