"""Declared maps: `let @a = lruhash(100);` chooses the kind of a map and how many keys it takes."""

from __future__ import annotations

from collections.abc import Mapping

from aotrace.compiler.diagnostics import Diagnostics, did_you_mean
from aotrace.compiler.frozen import dataclass
from aotrace.compiler.sema.fold import Constant
from aotrace.compiler.sema.infer import Inference
from aotrace.compiler.sema.tables import NodeTable
from aotrace.compiler.syntax.nodes import MapDecl, Program
from aotrace.compiler.types import NONE, Aggregate

#: kind as written -> (kind of BPF map, a value per CPU)
KINDS: dict[str, tuple[str, bool]] = {
    "hash": ("HASH", False),
    "lruhash": ("LRU_HASH", False),
    "percpuhash": ("PERCPU_HASH", True),
    "percpulruhash": ("LRU_PERCPU_HASH", True),
}


@dataclass(frozen=True)
class DeclaredMap:
    """What a declaration says."""

    map_type: str
    max_entries: int


def read_declarations(
    program: Program, constants: NodeTable[Constant], found: Inference, diagnostics: Diagnostics
) -> Mapping[str, DeclaredMap]:
    """The declared maps by name; what does not fit their use is reported."""
    declared: dict[str, DeclaredMap] = {}
    for decl in program.map_decls:
        if decl.map.name in declared:
            diagnostics.error(f"@{decl.map.name} is declared twice", decl.span)
        entries = constants.get(decl.max_entries)
        if type(entries) is not int or not 0 < entries < 1 << 32:
            text = "a map takes a number of keys that is known at build time, one at least"
            diagnostics.error(text, decl.max_entries.span)
            entries = 1
        if decl.kind not in KINDS:
            hints = did_you_mean(decl.kind, KINDS) or (f"one of {', '.join(KINDS)}",)
            diagnostics.error(f"`{decl.kind}` is not a kind of map", decl.span, *hints)
            continue
        if decl.map.name not in found.maps:
            diagnostics.warning(f"@{decl.map.name} is declared and never used", decl.span)
            continue
        _check_use(decl, found, diagnostics)
        declared[decl.map.name] = DeclaredMap(KINDS[decl.kind][0], entries)
    return declared


def _check_use(decl: MapDecl, found: Inference, diagnostics: Diagnostics) -> None:
    types = found.maps.get(decl.map.name)
    if types is None or types.value == NONE:
        text = f"@{decl.map.name} is declared and never assigned to"
        diagnostics.error(text, decl.span, "remove it, or use it")
        return
    per_cpu, aggregates = KINDS[decl.kind][1], isinstance(types.value, Aggregate)
    if per_cpu != aggregates:
        fitting = [kind for kind, (_, each) in KINDS.items() if each == aggregates]
        diagnostics.error(
            f"a {decl.kind} cannot hold values of type '{types.value}'", decl.span,
            f"use {' or '.join(fitting)}",
        )  # fmt: skip
