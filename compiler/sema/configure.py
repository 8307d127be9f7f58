"""The config block: the settings of one script, on top of the environment's defaults."""

from __future__ import annotations

from aotrace.compiler.config import BY_NAME, Config, Setting, find_variable
from aotrace.compiler.diagnostics import Diagnostics, did_you_mean
from aotrace.compiler.syntax.nodes import Program


def read_config(program: Program, environment: Config, diagnostics: Diagnostics) -> Config:
    """What holds for this script: the environment goes before its config block."""
    settings: dict[str, Setting] = {}
    for item in program.config:
        variable = find_variable(item.name)
        if variable is None:
            text = f"`{item.name}` is not a configuration variable"
            diagnostics.error(text, item.span, *did_you_mean(item.name.lower(), BY_NAME))
            continue
        try:
            settings[variable.name] = variable.read(item.value)
            if not variable.effective:
                diagnostics.warning(f"`{variable.name}` has no effect yet", item.span)
        except ValueError as error:
            diagnostics.error(f"{variable.name}: {error}", item.span)
    return Config({**settings, **environment.settings})
