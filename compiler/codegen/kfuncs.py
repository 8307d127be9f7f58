"""Calls of the kernel's own functions (kfuncs), which libbpf looks up in the target's BTF.

Each is declared weak: where the target does not have it, libbpf leaves a call that the verifier
must never come to. libbpf compares prototypes, so the declaration says what each type is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import llvmlite.ir as ir
from aotrace.compiler.codegen.debuginfo import Node
from aotrace.compiler.codegen.module import ModuleBuilder
from aotrace.compiler.emitter import Reg
from aotrace.compiler.kernel.btf import Btf
from aotrace.compiler.kernel.btf_kinds import BtfKind

if TYPE_CHECKING:
    from aotrace.compiler.codegen.emit import ProgramEmitter

_I64, _POINTER, _VOID = ir.IntType(64), ir.PointerType(), ir.VoidType()
_INT, _NOTHING = "s32", ""


class KernelFunction(NamedTuple):
    """Its types: an integer's name, the name of a struct that is pointed to, or nothing."""

    result: str
    params: tuple[str, ...]


#: kernel/bpf/helpers.c
_FUNCTIONS = {
    "bpf_task_from_pid": KernelFunction("task_struct", (_INT,)),
    "bpf_task_release": KernelFunction(_NOTHING, ("task_struct",)),
}


def call(e: ProgramEmitter, name: str, args: tuple[Reg, ...]) -> Reg:
    module, known = e.shared.module, _FUNCTIONS[name]
    function = module.externals.get(name) or _declare(module, e.shared.btf, name, known)
    return e.ir.call(function, list(args))


def _declare(module: ModuleBuilder, btf: Btf, name: str, known: KernelFunction) -> Reg:
    params = [_node(module, btf, each) for each in known.params]
    debug = module.debug.declaration(name, _node(module, btf, known.result), params)
    registers = [_register(each) for each in known.params]
    return module.kernel_function(name, _register(known.result), registers, debug)


def _register(said: str) -> ir.Type:
    return {_INT: _I64, _NOTHING: _VOID}.get(said, _POINTER)


def _node(module: ModuleBuilder, btf: Btf, said: str) -> Node | None:
    if said == _NOTHING:
        return None
    if said == _INT:
        return module.debug.scalar(said)
    type_id = btf.find(BtfKind.STRUCT, said)
    assert type_id is not None  # checked
    return module.debug.pointer(module.debug.kernel_type(btf.owner(type_id), type_id))
