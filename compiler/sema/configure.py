"""The config block: the settings of one script, on top of the environment's defaults."""

from __future__ import annotations

from aotrace.compiler.config import Config
from aotrace.compiler.diagnostics import Diagnostics, did_you_mean
from aotrace.compiler.syntax.nodes import ConfigItem, Program
from aotrace.runtime import config


def read_config(program: Program, environment: Config, diagnostics: Diagnostics) -> Config:
    """What holds for this script: the environment goes before its config block."""
    settings: dict[str, config.Setting] = {}
    for item in program.config:
        variable = _find(item, diagnostics)
        if variable is None:
            continue
        try:
            settings[variable.name] = variable.read(item.value)
        except ValueError as error:
            diagnostics.error(f"{variable.name}: {error}", item.span)
    return Config({**settings, **environment.settings}, environment.unsafe)


def _find(item: ConfigItem, diagnostics: Diagnostics) -> config.Variable | None:
    """The variable that is set; None where there is none, or none any more."""
    name = config.plain_name(item.name)
    if name in config.DEPRECATED:
        diagnostics.warning(f"`{item.name}` is deprecated and has no effect", item.span)
    elif name in config.ENVIRONMENT_ONLY:
        text = f"`{item.name}` can only be set as an environment variable of bpftrace"
        diagnostics.error(text, item.span, "the kernel to build for is named by --btf")
    elif name in config.RENAMED:
        name = config.RENAMED[name]
        diagnostics.warning(f"`{item.name}` has been renamed", item.span, f"write {name}")
        return config.BY_NAME[name]
    elif name not in config.BY_NAME:
        text = f"`{item.name}` is not a configuration variable"
        diagnostics.error(text, item.span, *did_you_mean(name, config.BY_NAME))
    return config.BY_NAME.get(name)
