"""Literals, names, parameters."""

from __future__ import annotations

from aotrace.compiler.builtins.record import Builtin
from aotrace.compiler.kernel_types import redefined
from aotrace.compiler.sema.infer.walker import Walker
from aotrace.compiler.sema.names import ARGS
from aotrace.compiler.sema.params import COUNT, NUMBER, text_of
from aotrace.compiler.syntax import nodes
from aotrace.compiler.syntax.nodes import Node
from aotrace.compiler.syntax.walk import walk
from aotrace.compiler.types import NONE, Bool, Record, Str, Type, literal, storable

_COMMON = "common_"  # fields that every tracepoint has, and that say nothing of this one


def integer(w: Walker, node: nodes.IntLit) -> Type:
    return literal(node.value)


def string(w: Walker, node: nodes.StrLit) -> Type:
    return Str(len(node.value) + 1, whole=True)


def boolean(w: Walker, _node: nodes.BoolLit) -> Type:
    return Bool()


def parameter(w: Walker, _node: nodes.Param) -> Type:
    return NUMBER


def parameter_count(w: Walker, _node: nodes.ParamCount) -> Type:
    return COUNT


def as_text(w: Walker, node: Node) -> Type:
    """The type of a positional parameter where its text is wanted, or of `$1 + offset`."""
    kind = Str(w.context.config.max_strlen)
    for part in (node, text_of(node)):
        if part is not None:
            w.unit.types[part] = kind
    return kind


def identifier(w: Walker, node: nodes.Ident) -> Type:
    entry = w.names.entries.get(node)
    if isinstance(entry, Builtin):
        return builtin(w, entry, node)
    if word := w.names.words.get(node):
        return Str(len(word) + 1, whole=True)
    if node.name == ARGS:
        return arguments(w, node)
    constant = w.names.constants.get(node)
    return constant.type if constant else NONE


def arguments(w: Walker, node: nodes.Ident) -> Type:
    """`args` as a whole: a record of all that the probe has."""
    known = w.unit.probe.arguments
    if known is None:
        kind = w.unit.probe.kind.name
        w.diagnostics.error(f"`args` is not available in {kind} probes", node.span)
        return NONE
    kept = {
        name: found.type
        for name, found in known.items()
        if storable(found.type) and not name.startswith(_COMMON)
    }
    return Record(tuple(kept), tuple(redefined(item, w.context.btf) for item in kept.values()))


def builtin(w: Walker, entry: Builtin, node: Node) -> Type:
    if entry.stand_in:
        made = w.unit.stand_ins.get(node) or entry.stand_in(w.context, node.span)
        w.unit.stand_ins[node] = made
        for part in walk(made):
            if isinstance(part, (nodes.IntLit, nodes.StrLit, nodes.BoolLit)):
                w.unit.constants[part] = part.value
        return w.visit(made)
    found = entry.type(w.context)
    if found is None:
        kind = w.unit.probe.kind.name
        hints = entry.hints(w.context) if entry.hints else ()
        text = f"`{entry.name}` is not available in {kind} probes"
        w.diagnostics.error(text, node.span, *hints)
    return found or NONE


def variable(w: Walker, node: nodes.Var) -> Type:
    variable = w.names.variables.get(node)
    return w.found.variables.get((w.unit, variable), NONE) if variable else NONE
