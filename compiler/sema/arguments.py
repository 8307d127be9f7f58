"""Checks of a call's arguments against the parameters of its record."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from aotrace.compiler.builtins.record import EventFunction, Parameter, match_parameters, takes_maps
from aotrace.compiler.sema.infer import site_of
from aotrace.compiler.sema.infer.maps import is_printable
from aotrace.compiler.sema.params import unknown_at_build
from aotrace.compiler.syntax.nodes import Call, MapAccess, MapRef, Node, Param
from aotrace.compiler.types import NONE, Aggregate, Struct

if TYPE_CHECKING:
    from aotrace.compiler.sema.check import Checker


def check_arguments(checker: Checker, node: Call) -> None:
    """Check each argument, then what the record itself checks."""
    entry = checker.names.entries[node]
    parameters: Sequence[Parameter] = entry.parameters  # type: ignore[union-attr]  # those with some
    before = len(checker.diagnostics.items)
    matched = match_parameters(parameters, len(node.args))
    for arg, parameter in zip(node.args, matched, strict=True):
        _argument(checker, node, arg, parameter)
    check = getattr(entry, "check", None)
    if check and len(checker.diagnostics.items) == before:
        site = site_of(node, checker.unit, checker.context, checker.diagnostics)
        check(site)


def _argument(checker: Checker, node: Call, arg: Node, parameter: Parameter) -> None:
    kind = checker.type_of(arg)
    if isinstance(arg, MapRef) and takes_maps(parameter):
        checker.known(arg)
        return
    if isinstance(arg, MapAccess) and takes_maps(parameter) and is_printable(kind):
        if checker.known(arg.map):
            checker.key(arg.key)
        return
    if isinstance(kind, Aggregate) and isinstance(arg, (MapRef, MapAccess)):
        pass  # it cannot be read at all, which is said where it is visited
    elif kind != NONE and not parameter.accepts.test(kind):
        _refuse(checker, node, arg, parameter)
    elif parameter.loadable and isinstance(arg, Param):
        pass
    elif kind != NONE and parameter.constant and checker.constants.get(arg) is None:
        why = unknown_at_build(arg, checker.names)
        checker.diagnostics.error(
            f"{node.name}() needs its {parameter.name} to be known at build time{why}",
            arg.span, "write a literal",
        )  # fmt: skip
    elif isinstance(checker.names.entries[node], EventFunction):
        checker.copied(arg, "shown")
    checker.value(arg)


def _refuse(checker: Checker, node: Call, arg: Node, parameter: Parameter) -> None:
    kind = checker.type_of(arg)
    if isinstance(kind, Struct):
        checker.diagnostics.error(
            f"a value of type '{kind}' cannot be passed to {node.name}()",
            arg.span, "pass a field of it, or a pointer to it",
        )  # fmt: skip
        return
    wanted = f"{parameter.accepts.name} as its {parameter.name}"
    checker.diagnostics.error(f"{node.name}() takes {wanted}, not '{kind}'", arg.span)
