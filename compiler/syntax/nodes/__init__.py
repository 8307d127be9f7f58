"""The AST: frozen nodes for the whole language, each with the span it was written in.

Equality ignores spans, so that a printed and re-parsed program compares equal. Passes that attach
facts to nodes key them by identity (see sema/tables.py), never by equality.
"""

from __future__ import annotations

from aotrace.compiler.syntax.nodes.base import Node
from aotrace.compiler.syntax.nodes.expressions import (
    Binary,
    BlockExpr,
    BoolLit,
    Call,
    Cast,
    Comptime,
    Expr,
    Ident,
    IncDec,
    Index,
    IntLit,
    MapAccess,
    MapRef,
    Member,
    Offsetof,
    Param,
    ParamCount,
    RecordField,
    RecordLit,
    Sizeof,
    StrLit,
    Ternary,
    TupleItem,
    TupleLit,
    TypeInfo,
    Unary,
    Var,
)
from aotrace.compiler.syntax.nodes.program import (
    AttachPoint,
    CDefinition,
    ConfigItem,
    FunctionDef,
    FunctionParam,
    MacroDef,
    MapDecl,
    Probe,
    Program,
)
from aotrace.compiler.syntax.nodes.statements import (
    Assign,
    Block,
    Discard,
    ExprStmt,
    ForMap,
    ForRange,
    If,
    Import,
    Jump,
    Let,
    Return,
    Stmt,
    Unroll,
    While,
)
from aotrace.compiler.syntax.nodes.types import (
    ArrayOf,
    NamedType,
    PointerTo,
    TupleType,
    TypeExpr,
    TypeOf,
)

__all__ = [
    "ArrayOf", "Assign", "AttachPoint", "Binary", "Block", "BlockExpr", "BoolLit",
    "CDefinition", "Call", "Cast", "Comptime", "ConfigItem", "Discard", "Expr", "ExprStmt",
    "ForMap", "ForRange", "FunctionDef", "FunctionParam", "Ident", "If", "Import", "IncDec",
    "Index", "IntLit", "Jump", "Let", "MacroDef", "MapAccess", "MapDecl", "MapRef", "Member",
    "NamedType", "Node", "Offsetof", "Param", "ParamCount", "PointerTo", "Probe", "Program",
    "RecordField", "RecordLit", "Return", "Sizeof", "Stmt", "StrLit", "Ternary", "TupleItem",
    "TupleLit", "TupleType", "TypeExpr", "TypeInfo", "TypeOf", "Unary", "Unroll", "Var",
    "While",
]  # fmt: skip
