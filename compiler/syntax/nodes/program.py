"""A script as a whole: its preamble and its probes."""

from __future__ import annotations

from dataclasses import field

from aotrace.compiler.frozen import dataclass
from aotrace.compiler.syntax.ctokens import CToken
from aotrace.compiler.syntax.nodes.base import Node
from aotrace.compiler.syntax.nodes.expressions import BlockExpr, Expr, MapRef, Var
from aotrace.compiler.syntax.nodes.statements import Block, Import
from aotrace.compiler.syntax.nodes.types import TypeExpr


@dataclass(frozen=True)
class AttachPoint(Node):
    """One attach point as written, unquoted and split at its colons: `kprobe:vmlinux:tcp_*`.

    parts[0] is the provider as written; quoted parts have lost their quotes. label is the name in
    `name=kprobe:f`. params tells where positional parameters stand: (part, offset in it, index),
    so ("kprobe", "$1") has ((1, 0, 1),); a quoted "$1" is text and is not listed.
    """

    parts: tuple[str, ...]
    label: str = ""
    params: tuple[tuple[int, int, int], ...] = ()

    @property
    def text(self) -> str:
        return ":".join(self.parts)


@dataclass(frozen=True)
class Probe(Node):
    """`point, point /predicate/ { … }`."""

    points: tuple[AttachPoint, ...]
    predicate: Expr | None
    body: Block


@dataclass(frozen=True)
class CDefinition(Node):
    """A C `struct`, `union`, `enum` or `typedef` of the preamble; cdecl/ reads what it means.

    text and words have the preprocessor's macros expanded.
    """

    text: str
    words: tuple[CToken, ...] = field(compare=False, repr=False)


@dataclass(frozen=True)
class ConfigItem(Node):
    """`name = value` of a config block; value int, bytes, bool or a bare word as str."""

    name: str
    value: int | bytes | bool | str


@dataclass(frozen=True)
class MapDecl(Node):
    """`let @m = kind(max_entries);`."""

    map: MapRef
    kind: str
    max_entries: Expr


@dataclass(frozen=True)
class MacroDef(Node):
    """`macro name(params) { … }`; body is a Block or, for an expression macro, a BlockExpr."""

    name: str
    params: tuple[Expr | TypeExpr, ...]
    body: Block | BlockExpr


@dataclass(frozen=True)
class FunctionParam(Node):
    """`$x : type` of a function."""

    var: Var
    type: TypeExpr


@dataclass(frozen=True)
class FunctionDef(Node):
    """`fn name($x : type) : result { … }`."""

    name: str
    params: tuple[FunctionParam, ...]
    result: TypeExpr
    body: Block


@dataclass(frozen=True)
class Program(Node):
    """A whole script."""

    definitions: tuple[CDefinition, ...]
    config: tuple[ConfigItem, ...]
    imports: tuple[Import, ...]
    map_decls: tuple[MapDecl, ...]
    macros: tuple[MacroDef, ...]
    probes: tuple[Probe, ...]
    functions: tuple[FunctionDef, ...] = ()
