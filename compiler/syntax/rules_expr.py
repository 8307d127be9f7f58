"""Grammar of expressions; the precedence of binary operators stands in grammar.py."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from aotrace.compiler.syntax import blocks, nodes
from aotrace.compiler.syntax.rules import draft_too_deep, error, extent, text


def p_expr_unary(p: Any) -> None:
    "expr : unary"
    p[0] = p[1]


def p_expr_binary(p: Any) -> None:
    """expr : expr LOR expr
    | expr LAND expr
    | expr '|' expr
    | expr '^' expr
    | expr '&' expr
    | expr EQ expr
    | expr NE expr
    | expr '<' expr
    | expr '>' expr
    | expr LE expr
    | expr GE expr
    | expr SHL expr
    | expr SHR expr
    | expr '+' expr
    | expr '-' expr
    | expr '*' expr
    | expr '/' expr
    | expr '%' expr"""
    p[0] = nodes.Binary(extent(p), text(p[2]), p[1], p[3], p[2].span)


def p_expr_ternary(p: Any) -> None:
    """expr : expr '?' expr ':' expr
    | expr '?' ':' expr"""
    p[0] = nodes.Ternary(extent(p), p[1], p[3] if len(p) == 6 else None, p[len(p) - 1])


# --- unary -----------------------------------------------------------------------------------


def p_unary_postfix(p: Any) -> None:
    "unary : postfix"
    p[0] = p[1]


def p_unary_operator(p: Any) -> None:
    """unary : '-' unary
    | '+' unary
    | '!' unary
    | '~' unary
    | '*' unary
    | '&' unary"""
    p[0] = nodes.Unary(extent(p), text(p[1]), p[2])


def p_unary_step(p: Any) -> None:
    """unary : INC unary
    | DEC unary"""
    p[0] = _step(p, p[1], p[2], prefix=True)


def p_unary_cast(p: Any) -> None:
    "unary : CAST_PAREN type ')' unary"
    p[0] = nodes.Cast(extent(p), p[2], p[4])


def p_unary_comptime(p: Any) -> None:
    "unary : COMPTIME unary"
    p[0] = nodes.Comptime(extent(p), p[2])


# --- postfix ---------------------------------------------------------------------------------


def p_postfix_primary(p: Any) -> None:
    "postfix : primary"
    p[0] = p[1]


def p_postfix_step(p: Any) -> None:
    """postfix : postfix INC
    | postfix DEC"""
    p[0] = _step(p, p[2], p[1], prefix=False)


def _step(p: Any, operator: Any, target: nodes.Expr, prefix: bool) -> nodes.Expr:
    if not isinstance(target, (nodes.Var, nodes.MapRef, nodes.MapAccess)):
        error(p, f"`{text(operator)}` needs a variable or a map", target.span)
    return nodes.IncDec(extent(p), text(operator), target, prefix)


def p_postfix_member(p: Any) -> None:
    """postfix : postfix '.' field_name
    | postfix ARROW field_name"""
    p[0] = nodes.Member(extent(p), p[1], text(p[3]), p[2].kind == "ARROW", p[3].span)


def p_postfix_item(p: Any) -> None:
    "postfix : postfix '.' INT"
    p[0] = nodes.TupleItem(extent(p), p[1], p[3].value.value)


def p_postfix_index(p: Any) -> None:
    "postfix : postfix '[' exprs ']'"
    keys = tuple(p[3])
    key = keys[0] if len(keys) == 1 else nodes.TupleLit(keys[0].span.to(keys[-1].span), keys)
    if isinstance(p[1], nodes.MapRef):
        p[0] = nodes.MapAccess(extent(p), p[1], key)
        return
    if len(keys) > 1:
        error(p, "only a map takes several keys", key.span)
    p[0] = nodes.Index(extent(p), p[1], key)


def p_field_name(p: Any) -> None:
    """field_name : IDENT
    | BREAK
    | COMPTIME
    | CONTINUE
    | ELSE
    | FALSE
    | FOR
    | IF
    | VALUE_IF
    | IMPORT
    | LET
    | OFFSETOF
    | RETURN
    | SIZEOF
    | TAG
    | TRUE
    | TYPEINFO
    | TYPEOF
    | UNROLL
    | WHILE"""
    p[0] = p[1]


# --- primary ---------------------------------------------------------------------------------


def p_primary_integer(p: Any) -> None:
    "primary : INT"
    p[0] = nodes.IntLit(p[1].span, p[1].value.value, p[1].value.suffix)


def p_primary_string(p: Any) -> None:
    "primary : STRING"
    p[0] = nodes.StrLit(p[1].span, p[1].value)


def p_primary_boolean(p: Any) -> None:
    """primary : TRUE
    | FALSE"""
    p[0] = nodes.BoolLit(p[1].span, p[1].kind == "TRUE")


def p_primary_name(p: Any) -> None:
    "primary : IDENT"
    p[0] = nodes.Ident(p[1].span, text(p[1]))


def p_primary_variable(p: Any) -> None:
    "primary : VAR"
    p[0] = nodes.Var(p[1].span, text(p[1]))


def p_primary_map(p: Any) -> None:
    "primary : MAP"
    p[0] = nodes.MapRef(p[1].span, text(p[1]))


def p_primary_parameter(p: Any) -> None:
    "primary : PARAM"
    p[0] = nodes.Param(p[1].span, p[1].value)


def p_primary_parameter_count(p: Any) -> None:
    "primary : PARAM_COUNT"
    p[0] = nodes.ParamCount(p[1].span)


def p_primary_call(p: Any) -> None:
    """primary : IDENT '(' ')'
    | IDENT '(' arguments ')'"""
    p[0] = nodes.Call(extent(p), text(p[1]), tuple(p[3]) if len(p) == 5 else (), p[1].span)


def p_arguments(p: Any) -> None:
    """arguments : argument
    | arguments ',' argument"""
    p[0] = [p[1]] if len(p) == 2 else [*p[1], p[3]]


def p_argument(p: Any) -> None:
    """argument : expr
    | typeof"""
    p[0] = p[1]


def p_primary_sizeof(p: Any) -> None:
    "primary : SIZEOF type_argument ')'"
    p[0] = nodes.Sizeof(extent(p), p[2])


def p_primary_typeinfo(p: Any) -> None:
    "primary : TYPEINFO type_argument ')'"
    p[0] = nodes.TypeInfo(extent(p), p[2])


def p_primary_offsetof(p: Any) -> None:
    "primary : OFFSETOF type_argument ',' path ')'"
    p[0] = nodes.Offsetof(extent(p), p[2], tuple(p[4]))


def p_path(p: Any) -> None:
    """path : field_name
    | path '.' field_name"""
    p[0] = [text(p[1])] if len(p) == 2 else [*p[1], text(p[3])]


def p_primary_group(p: Any) -> None:
    "primary : '(' expr ')'"
    p[0] = replace(p[2], span=replace(p[2].span, behind=p[3].span.end))


def p_primary_tuple(p: Any) -> None:
    """primary : '(' ')'
    | '(' expr ',' ')'
    | '(' expr ',' exprs ')'
    | '(' expr ',' exprs ',' ')'"""
    items = () if len(p) == 3 else (p[2],) if len(p) == 5 else (p[2], *p[4])
    p[0] = nodes.TupleLit(extent(p), items)


def p_exprs(p: Any) -> None:
    """exprs : expr
    | exprs ',' expr"""
    p[0] = [p[1]] if len(p) == 2 else [*p[1], p[3]]


def p_primary_record(p: Any) -> None:
    "primary : RECORD_PAREN fields ')'"
    seen = set()
    for field in p[2]:
        if field.name in seen:
            error(p, f"this record already has a field `{field.name}`", field.span)
        seen.add(field.name)
    p[0] = nodes.RecordLit(extent(p), tuple(p[2]))


def p_fields(p: Any) -> None:
    """fields : field
    | fields ',' field"""
    p[0] = [p[1]] if len(p) == 2 else [*p[1], p[3]]


def p_field(p: Any) -> None:
    "field : IDENT '=' expr"
    p[0] = nodes.RecordField(extent(p), text(p[1]), p[3])


def p_primary_block(p: Any) -> None:
    "primary : VALUE_BRACE body '}'"
    draft = blocks.BlockDraft(extent(p), *p[2])
    p[0] = _value(p, draft, "this block", "end it with an expression without `;`")


def p_primary_if(p: Any) -> None:
    "primary : VALUE_IF unary block ELSE branch"
    draft = blocks.IfDraft(extent(p), p[2], p[3], p[5])
    p[0] = _value(p, draft, "this `if`", "end every branch with an expression without `;`")


def p_primary_lone_if(p: Any) -> None:
    "primary : VALUE_IF unary block"
    error(p, "an `if` that stands for a value needs an `else`", p[1].span)
    p[0] = nodes.IntLit(extent(p), 0)


def _value(p: Any, draft: blocks.Draft, what: str, hint: str) -> nodes.Expr:
    if draft_too_deep(p, draft):
        return nodes.IntLit(draft.span, 0)
    value = blocks.value(draft)
    if value is None:
        error(p, f"{what} has no value", draft.span, hint)
        return nodes.IntLit(draft.span, 0)
    return value
