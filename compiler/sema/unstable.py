"""Features that bpftrace calls unstable: each has a configuration variable that allows it or not.

error: it is refused; warn: its first use gets a warning; enable: nothing is said.
"""

from __future__ import annotations

from aotrace.compiler.builtins import BY_NAME
from aotrace.compiler.config import Config
from aotrace.compiler.diagnostics import Diagnostics
from aotrace.compiler.syntax import nodes
from aotrace.compiler.syntax.nodes import Node, Program
from aotrace.compiler.syntax.walk import walk

#: node class -> what a user calls it, and its variable
_CONSTRUCTS: dict[type[Node], tuple[str, str]] = {
    nodes.Import: ("an import within a block", "unstable_import_statement"),
    nodes.TypeInfo: ("typeinfo", "unstable_typeinfo"),
}


def check_unstable(program: Program, config: Config, diagnostics: Diagnostics) -> None:
    """Report what the configuration does not allow, and once what it only puts up with."""
    warned: set[str] = set()
    for node in (node for probe in program.probes for node in walk(probe)):
        feature = _feature(node)
        if feature is None or node.span.via:  # a macro may use what it likes, as in 0.27
            continue
        name, variable = feature
        allowed = config.unstable(variable)
        hint = f"allow it: config = {{ {variable} = enable }}"
        if allowed == "error":
            diagnostics.error(f"{name} is an unstable feature", node.span, hint)
        elif allowed == "warn" and variable not in warned:
            warned.add(variable)
            diagnostics.warning(f"{name} is an unstable feature", node.span, hint)


def _feature(node: Node) -> tuple[str, str] | None:
    """What the feature is called, and its variable."""
    if isinstance(node, nodes.Call):
        variable = getattr(BY_NAME.get(node.name), "unstable", "")
        return (f"{node.name}()", variable) if variable else None
    return _CONSTRUCTS.get(type(node))
