"""Name resolution: what each identifier, variable and call stands for.

Scratch variables live from their first assignment (or `let`) to the end of the block that it stands
in, as in bpftrace 0.27.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import field

from aotrace.compiler.builtins import BY_NAME, CONSTANTS
from aotrace.compiler.builtins.record import (
    AggregateFunction,
    Builtin,
    Entry,
    MapFunction,
    Parameter,
    arity_error,
    is_bare,
    match_parameters,
)
from aotrace.compiler.diagnostics import Diagnostics, did_you_mean
from aotrace.compiler.frozen import dataclass
from aotrace.compiler.kernel.btf import Btf
from aotrace.compiler.kernel_types import type_of
from aotrace.compiler.sema.tables import NodeTable, Variable
from aotrace.compiler.source import Span
from aotrace.compiler.syntax import nodes
from aotrace.compiler.syntax.nodes import Call, Ident, Node, Program, TypeExpr, TypeOf, Var
from aotrace.compiler.syntax.walk import children
from aotrace.compiler.types import Type, literal

#: all arguments of a probe together: a record whose items are read from its context
ARGS = "args"


def is_args(node: Node) -> bool:
    """Whether an expression is `args`; `*args` is the same: it was a pointer once."""
    if isinstance(node, nodes.Unary) and node.op == "*":
        node = node.operand
    return isinstance(node, Ident) and node.name == ARGS


@dataclass(frozen=True)
class ConstantName:
    """An identifier that is a constant: an enumerator (with its enum in BTF) or a number."""

    value: int
    type: Type
    enum_id: int | None = None
    enumerator: str = ""


@dataclass(frozen=True)
class Names:
    """What names stand for."""

    variables: NodeTable[Variable] = field(default_factory=NodeTable)
    entries: NodeTable[Entry] = field(default_factory=NodeTable)
    constants: NodeTable[ConstantName] = field(default_factory=NodeTable)
    #: bare names that a function takes as they are written
    words: NodeTable[str] = field(default_factory=NodeTable)
    #: calls of functions that there are not, in a branch that `comptime` may yet rule out
    unknown: NodeTable[tuple[str, ...]] = field(default_factory=NodeTable)


def resolve_names(
    program: Program, btf: Btf, externals: Mapping[str, Entry], diagnostics: Diagnostics
) -> Names:
    """Resolve every name in every probe."""
    names = Names()
    for function in program.functions:
        text = "a script cannot define functions: bpftrace 0.27 has no way to call them"
        diagnostics.error(text, function.span, "write a macro")
    for probe in program.probes:
        _Resolver(names, btf, externals, diagnostics).probe(probe)
    return names


_Key = tuple[str, int]


def _key(node: Var) -> _Key:
    """What tells variables apart: the name, and the macro's expansion that brought it along."""
    return node.name, node.mark


class _Resolver:
    """Walks one probe with a stack of scopes."""

    def __init__(
        self, names: Names, btf: Btf, externals: Mapping[str, Entry], diagnostics: Diagnostics
    ) -> None:
        self.names = names
        self.externals = externals
        self.btf = btf
        self.diagnostics = diagnostics
        self.scopes: list[dict[_Key, Variable]] = [{}]
        self.ended: dict[_Key, Span] = {}  # of variables whose block is over
        self.loops = 0  # around the place that is looked at
        self.optional = 0  # branches of `if comptime` around it

    def probe(self, probe: nodes.Probe) -> None:
        if probe.predicate:
            self.visit(probe.predicate)
        self.visit(probe.body)

    def visit(self, node: Node) -> None:
        handler = _HANDLERS.get(type(node))
        if handler:
            handler(self, node)
        else:
            self.visit_children(node)

    def visit_children(self, node: Node) -> None:
        for child in children(node):
            self.visit(child)

    def block(self, node: nodes.Block) -> None:
        self.scopes.append({})
        self.visit_children(node)
        ended = self.scopes.pop()
        self.ended.update((name, variable.span) for name, variable in ended.items())

    def loop(self, node: nodes.While | nodes.Unroll) -> None:
        self.visit(node.condition if isinstance(node, nodes.While) else node.count)
        self.turn(node.body, isinstance(node, nodes.While))

    def for_range(self, node: nodes.ForRange) -> None:
        self.visit(node.first)
        self.visit(node.last)
        self.for_(node.var, node.body)

    def for_map(self, node: nodes.ForMap) -> None:
        self.for_(node.var, node.body)

    def for_(self, var: Var, body: nodes.Block) -> None:
        """The loop's variable lives in its body alone."""
        self.scopes.append({})
        if earlier := self.find(var):
            self.diagnostics.error(
                f"`${var.name}` is already declared", var.span,
                f"the first one is in line {earlier.span.line}: choose another name",
            )  # fmt: skip
        self.declare(var)
        self.turn(body, True)
        self.scopes.pop()

    def turn(self, body: nodes.Block, is_loop: bool) -> None:
        self.loops += is_loop
        self.visit(body)
        self.loops -= is_loop

    def jump(self, node: nodes.Jump) -> None:
        if not self.loops:
            self.diagnostics.error(f"`{node.kind}` stands outside of a loop", node.span)

    def block_expression(self, node: nodes.BlockExpr) -> None:
        self.scopes.append({})
        self.visit_children(node)
        self.scopes.pop()

    def variable(self, node: Var) -> None:
        found = self.find(node)
        if found:
            self.names.variables[node] = found
            return
        known = {name for scope in self.scopes for name, mark in scope if mark == node.mark}
        hints = tuple(hint.replace("`", "`$", 1) for hint in did_you_mean(node.name, known))
        if _key(node) in self.ended:
            line = self.ended[_key(node)].line
            hints = (f"the one of line {line} ends with its block: declare it before with `let`",)
        self.diagnostics.error(f"undefined variable `${node.name}`", node.span, *hints)

    def find(self, node: Var) -> Variable | None:
        key = _key(node)
        return next((scope[key] for scope in reversed(self.scopes) if key in scope), None)

    def declare(self, node: Var, declared: TypeExpr | None = None) -> None:
        variable = Variable(node, declared)
        self.scopes[-1][_key(node)] = variable
        self.names.variables[node] = variable

    def let(self, node: nodes.Let) -> None:
        if node.type:
            self.visit(node.type)
        if node.value:
            self.visit(node.value)
        if earlier := self.find(node.var):
            self.diagnostics.error(
                f"`${node.var.name}` is already declared", node.var.span,
                f"the first one is in line {earlier.span.line}: choose another name",
            )  # fmt: skip
        self.declare(node.var, node.type)

    def assign(self, node: nodes.Assign) -> None:
        self.visit(node.value)
        target = node.target
        if isinstance(target, Var) and node.op == "=" and not self.find(target):
            self.declare(target)
        else:
            self.visit(target)

    def identifier(self, node: Ident) -> None:
        entry = BY_NAME.get(node.name)
        if isinstance(entry, Builtin):
            self.names.entries[node] = entry
        elif constant := self.constant(node.name):
            self.names.constants[node] = constant
        elif node.name == ARGS:
            pass  # the probe tells what it is
        elif entry:
            self.diagnostics.error(
                f"`{node.name}` is a function", node.span, f"write {node.name}(…)"
            )
        else:
            builtins = [name for name, entry in BY_NAME.items() if is_bare(entry)]
            hints = did_you_mean(node.name, [*builtins, *CONSTANTS])
            self.unknown("identifier", node.name, node.span, hints)

    def branches(self, node: nodes.If | nodes.Ternary) -> None:
        self.visit(node.condition)
        self.optional += isinstance(node.condition, nodes.Comptime)
        for branch in (node.then, node.other):
            if branch is not None:
                self.visit(branch)
        self.optional -= isinstance(node.condition, nodes.Comptime)

    def unknown(self, what: str, name: str, span: Span, hints: tuple[str, ...]) -> None:
        text, *said = _unknown(what, name, hints)
        self.diagnostics.error(text, span, *said)

    def constant(self, name: str) -> ConstantName | None:
        if name in CONSTANTS:
            return ConstantName(CONSTANTS[name], literal(CONSTANTS[name]))
        found = self.btf.find_enumerator(name)
        if found is None:
            return None
        kind = type_of(self.btf, found.enum_id)
        if not self.btf.owner(found.enum_id).relocatable or not found.enum_name:
            # libbpf finds enums by name; one without is an ABI constant (TCP_CLOSE, IPPROTO_TCP)
            return ConstantName(found.value, kind)
        return ConstantName(found.value, kind, found.enum_id, name)

    def member(self, node: nodes.Member) -> None:
        if not is_args(node.base):
            self.visit(node.base)

    def call(self, node: Call) -> None:
        entry = BY_NAME.get(node.name) or self.externals.get(node.name)
        if entry is None:
            functions = [n for n, e in BY_NAME.items() if not isinstance(e, Builtin)]
            hints = did_you_mean(node.name, [*functions, *self.externals])
            self.unknown_function(node, hints)
        else:
            if isinstance(entry, MapFunction) and entry.of_value and _of_value(node):
                entry = entry.of_value
            self.names.entries[node] = entry
            self.check_arity(node, entry)
        matched = match_parameters(getattr(entry, "parameters", ()), len(node.args))
        for index, arg in enumerate(node.args):
            parameter = matched[index] if index < len(matched) else None
            if isinstance(arg, TypeOf) and not (parameter and parameter.type):
                text = f"`{node.name}` takes no types: only a macro does"
                self.diagnostics.error(text, arg.span)
            if isinstance(arg, Ident) and parameter and (parameter.words or parameter.any_word):
                self.word(node, arg, parameter)
            else:
                self.visit(arg)

    def word(self, node: Call, arg: Ident, parameter: Parameter) -> None:
        if parameter.any_word or arg.name in parameter.words:
            self.names.words[arg] = arg.name
            return
        text = f"{node.name}() knows no {parameter.name} `{arg.name}`"
        self.diagnostics.error(text, arg.span, f"it takes {' or '.join(parameter.words)}")

    def unknown_function(self, node: Call, hints: tuple[str, ...]) -> None:
        if self.optional:
            self.names.unknown[node] = _unknown("function", node.name, hints)
        else:
            self.unknown("function", node.name, node.name_span, hints)

    def check_arity(self, node: Call, entry: Entry) -> None:
        if isinstance(entry, Builtin):
            message = f"`{node.name}` takes no arguments" if node.args else None
        elif isinstance(entry, MapFunction):
            message = _map_arity(entry, len(node.args))
        else:
            message = arity_error(node.name, entry.parameters, len(node.args))
        if message:
            self.diagnostics.error(message, node.span)

    def skip(self, _node: Node) -> None:
        """Types as written hold no names of values."""


def _unknown(what: str, name: str, hints: tuple[str, ...]) -> tuple[str, ...]:
    """The message on a name that stands for nothing, and its hints."""
    return (f"unknown {what} `{name}`", *hints)


def _of_value(node: Call) -> bool:
    """Whether a value stands where a map may."""
    return bool(node.args) and not isinstance(node.args[0], nodes.MapRef)


def _map_arity(entry: MapFunction, given: int) -> str | None:
    if entry.assigns and given == 2:
        return None  # written out, with the variable assigned beside it
    most = 2 if entry.keyed else 1
    if 1 <= given <= most and not entry.assigns:
        return None
    if entry.assigns:
        return f"{entry.name}() takes a map, a key and a variable ({given} provided)"
    takes = "a map and a key" if entry.keyed else "one argument, a map"
    return f"{entry.name}() takes {takes} ({given} provided)"


_HANDLERS: dict[type[Node], Callable[..., None]] = {
    nodes.Block: _Resolver.block,
    nodes.BlockExpr: _Resolver.block_expression,
    nodes.While: _Resolver.loop,
    nodes.Unroll: _Resolver.loop,
    nodes.ForRange: _Resolver.for_range,
    nodes.ForMap: _Resolver.for_map,
    nodes.Jump: _Resolver.jump,
    nodes.If: _Resolver.branches,
    nodes.Ternary: _Resolver.branches,
    nodes.Var: _Resolver.variable,
    nodes.Let: _Resolver.let,
    nodes.Assign: _Resolver.assign,
    nodes.Ident: _Resolver.identifier,
    nodes.Member: _Resolver.member,
    nodes.Call: _Resolver.call,
    nodes.NamedType: _Resolver.skip,
}


def is_aggregate(names: Names, node: Node) -> bool:
    """Whether a node is a call that sums up in a map."""
    return isinstance(names.entries.get(node), AggregateFunction)
