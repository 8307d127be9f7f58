"""Which memory a pointer points into, where the script knows better than the types."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from aotrace.compiler.builtins.accepts import ADDRESS
from aotrace.compiler.builtins.record import Function, Parameter, Site
from aotrace.compiler.emitter import Emitter, Reg
from aotrace.compiler.types import Int, Pointer, Space, Type


def _into(space: Space) -> Callable[[Site], Type]:
    def kind(site: Site) -> Type:
        given = site.types[0]
        return replace(given, space=space) if isinstance(given, (Int, Pointer)) else given

    return kind


def _address(e: Emitter, site: Site, _target: Reg | None) -> Reg:
    return e.value(site.args[0])


POINTERS = (
    Function(
        "kptr", "The pointer, as one to kernel memory.", (Parameter("ptr", ADDRESS),),
        _into(Space.KERNEL), _address,
    ),
    Function(
        "uptr", "The pointer, as one to user memory.", (Parameter("ptr", ADDRESS),),
        _into(Space.USER), _address,
    ),
)  # fmt: skip
