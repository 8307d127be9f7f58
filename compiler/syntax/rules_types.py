"""Grammar of types as written: `struct sock *`, `uint8[4]`, `typeof(x)`, `(int32, string)`."""

from __future__ import annotations

from typing import Any

from aotrace.compiler.syntax import nodes
from aotrace.compiler.syntax.rules import extent, text


def p_type_name(p: Any) -> None:
    "type : IDENT"
    p[0] = nodes.NamedType(p[1].span, "", text(p[1]))


def p_type_tagged(p: Any) -> None:
    "type : TAG IDENT"
    p[0] = nodes.NamedType(extent(p), text(p[1]), text(p[2]))


def p_type_of(p: Any) -> None:
    "type : typeof"
    p[0] = p[1]


def p_type_pointer(p: Any) -> None:
    "type : type '*'"
    p[0] = nodes.PointerTo(extent(p), p[1])


def p_type_array(p: Any) -> None:
    """type : type '[' ']'
    | type '[' INT ']'"""
    p[0] = nodes.ArrayOf(extent(p), p[1], p[3].value.value if len(p) == 5 else None)


def p_type_tuple(p: Any) -> None:
    """type : '(' types ')'
    | '(' types ',' ')'"""
    group = len(p) == 4 and len(p[2]) == 1
    p[0] = p[2][0] if group else nodes.TupleType(extent(p), tuple(p[2]))


def p_types(p: Any) -> None:
    """types : type
    | types ',' type"""
    p[0] = [p[1]] if len(p) == 2 else [*p[1], p[3]]


def p_typeof(p: Any) -> None:
    "typeof : TYPEOF type_argument ')'"
    p[0] = nodes.TypeOf(extent(p), p[2])


def p_type_argument(p: Any) -> None:
    """type_argument : TYPE_PAREN type
    | '(' expr"""
    p[0] = p[2]
