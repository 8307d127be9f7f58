"""The metadata of an object, from the plan and from what codegen came to use."""

from __future__ import annotations

from aotrace.compiler.arch import Arch
from aotrace.compiler.codegen.module import ModuleBuilder
from aotrace.compiler.config import Config
from aotrace.compiler.sema.plan import Plan
from aotrace.compiler.source import Source
from aotrace.runtime.metadata import Metadata, Setting
from aotrace.runtime.values import IntKind

PRODUCER = "aotracec 0.1.0"


def describe(
    source: Source, arch: Arch, config: Config, plan: Plan, module: ModuleBuilder,
    settings: dict[str, int],
) -> Metadata:  # fmt: skip
    """settings: name -> offset in .rodata, known once the object is laid out."""
    return Metadata(
        producer=PRODUCER,
        script=source.name,
        arch=arch.name,
        license=config.license,
        programs=[planned.record for planned in plan.programs],
        maps=[planned.record for planned in plan.maps.values()],
        events=[*plan.events, *module.events],
        settings=[_setting(plan, name, at) for name, at in sorted(settings.items())],
        config=config.on_target,
        helpers=sorted(module.helpers_used),
        core=sorted({(str(a.btf.type(a.root).name), ".".join(map(str, a.steps)))
                     for a in module.core.accesses}),
        unsafe=sorted(plan.unsafe),
    )  # fmt: skip


def _setting(plan: Plan, name: str, offset: int) -> Setting:
    found = plan.parameters.get(name)
    if found is None:
        return Setting(name, offset, IntKind(8, False))
    return Setting(name, offset, found.kind, found.default, found.description)
