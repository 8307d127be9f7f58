"""What the loader must set for the script: each parameter with its setting's name and kind."""

from __future__ import annotations

from aotrace.compiler.builtins.record import Function, LoadParameter, ProbeContext
from aotrace.compiler.config import Config
from aotrace.compiler.diagnostics import Diagnostics
from aotrace.compiler.kernel.btf import Btf
from aotrace.compiler.sema.infer import site_of
from aotrace.compiler.sema.names import Names
from aotrace.compiler.sema.params import COUNT_SETTING, NUMBER, setting_name
from aotrace.compiler.sema.units import Unit
from aotrace.compiler.syntax.nodes import Call, Param, ParamCount
from aotrace.compiler.types import UINT64


def collect_parameters(
    units: list[Unit], names: Names, btf: Btf, config: Config, diagnostics: Diagnostics
) -> dict[str, LoadParameter]:  # fmt: skip
    """Every parameter of the script by its setting's name; uses that contradict are reported."""
    collector = _Collector(names, diagnostics)
    for unit in units:
        collector.unit(unit, ProbeContext(unit.probe, btf, config))
    return collector.found


class _Collector:
    def __init__(self, names: Names, diagnostics: Diagnostics) -> None:
        self.names = names
        self.diagnostics = diagnostics
        self.found: dict[str, LoadParameter] = {}
        self.blamed: set[int] = set()

    def unit(self, unit: Unit, context: ProbeContext) -> None:
        for node in unit.live():
            if isinstance(node, Param):
                kind = unit.types.get(node) or NUMBER
                self.add(LoadParameter(setting_name(node, kind), kind.kind))
            elif isinstance(node, ParamCount):
                self.add(LoadParameter(COUNT_SETTING, UINT64.kind))
            elif isinstance(node, Call):
                self.entry(node, unit, context)

    def add(self, parameter: LoadParameter) -> None:
        self.found.setdefault(parameter.name, parameter)

    def entry(self, node: Call, unit: Unit, context: ProbeContext) -> None:
        """A function whose value the loader sets."""
        entry = self.names.entries.get(node)
        if isinstance(entry, Function) and entry.parameter:
            site = site_of(node, unit, context, Diagnostics())
            self.named(node, entry.parameter(site))

    def named(self, node: Call, new: LoadParameter) -> None:
        """The same name must mean the same wherever it is used, as in bpftrace."""
        known = self.found.get(new.name)
        if known is None:
            self.found[new.name] = new
        elif (known.kind, known.default) != (new.kind, new.default):
            self.contradiction(
                node, f"`{new.name}` has the default {_shown(known.default)} elsewhere",
                "give it the same one in all places",
            )  # fmt: skip
        elif new.description and known.description not in (None, new.description):
            text = f"`{new.name}` is described by other words elsewhere"
            self.contradiction(node, text, "describe it in one place only")
        elif new.description:
            self.found[new.name] = new

    def contradiction(self, node: Call, message: str, hint: str) -> None:
        if id(node) not in self.blamed:  # a probe's body is walked for each of its attach points
            self.blamed.add(id(node))
            self.diagnostics.error(message, node.span, hint)


def _shown(default: int | str | None) -> str:
    if isinstance(default, bool):
        return "true" if default else "false"
    return f'"{default}"' if isinstance(default, str) else str(default)
