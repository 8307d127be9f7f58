"""One walk over one unit's body, and what all walks together find."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from aotrace.compiler.builtins.record import ProbeContext
from aotrace.compiler.diagnostics import Diagnostics
from aotrace.compiler.kernel_types import redefined
from aotrace.compiler.sema.names import Names
from aotrace.compiler.sema.tables import Variable
from aotrace.compiler.sema.typeexpr import TypeReader
from aotrace.compiler.sema.units import Unit
from aotrace.compiler.syntax.nodes import MapRef, Node
from aotrace.compiler.syntax.walk import children
from aotrace.compiler.types import NONE, Int, Type, holds

Handlers = Mapping[type[Node], Callable[..., Type]]


@dataclass
class MapTypes:
    """Key and value of one map as far as known; `keyed` by its first use in the script."""

    key: Type | None = None
    value: Type = NONE
    #: it is given a value that is not that of a map that sums up
    settled: bool = False
    #: None until a use tells
    keyed: bool | None = None
    #: its name stands as a value
    read: bool = False
    #: something is put into it, whatever its type
    assigned: bool = False


@dataclass
class Inference:
    """All that inference found beside the units' own type tables."""

    maps: dict[str, MapTypes] = field(default_factory=dict)
    variables: dict[tuple[Unit, Variable], Type] = field(default_factory=dict)


class Walker:
    """What the rules of the modules beside this one work on; `handlers` by class of node."""

    def __init__(
        self, found: Inference, unit: Unit, names: Names, context: ProbeContext,
        diagnostics: Diagnostics, handlers: Handlers,
    ) -> None:  # fmt: skip
        self.found = found
        self.unit = unit
        self.names = names
        self.constants = unit.constants
        self.context = context
        self.diagnostics = diagnostics
        self.handlers = handlers
        self.types_written = TypeReader(
            context.types, diagnostics, self.about, context.probe.module
        )

    def holds(self, kind: Type, where: Node) -> bool:
        """Whether an integer type has the value that is assigned at `where`, as far as known."""
        value = getattr(where, "value", None)
        if getattr(where, "op", "=") != "=" or not isinstance(value, Node):
            return True
        constant = self.constants.get(value)
        known = isinstance(kind, Int) and isinstance(constant, int)
        return not known or holds(kind, int(constant))  # type: ignore[arg-type]

    def about(self, node: Node) -> Type:
        """The type that sizeof, typeof and the like give: of a map with keys that of its keys."""
        kind = self.visit(node)
        entry = self.found.maps.get(node.name) if isinstance(node, MapRef) else None
        return (entry.key or NONE) if entry is not None and entry.keyed else kind

    def visit(self, node: Node) -> Type:
        """The node's type, which is also put into the unit's table."""
        handler = self.handlers.get(type(node))
        if handler is None:
            for child in children(node):
                self.visit(child)
            return NONE
        found = redefined(handler(self, node), self.context.btf)
        self.unit.types[node] = found
        return found
