"""Calls of functions in C that a script imports: declared here, linked in when the object is done.

libbpf's linker compares what both sides say of a function in BTF, so the declaration repeats the
prototype type by type. In registers every argument is 64 bits wide.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import llvmlite.ir as ir
from aotrace.compiler.codegen.debuginfo import Node
from aotrace.compiler.codegen.module import ModuleBuilder
from aotrace.compiler.emitter import External, Reg
from aotrace.compiler.kernel import btf_types as bt
from aotrace.compiler.kernel.btf import Btf
from aotrace.compiler.types import Int, Pointer, Type

if TYPE_CHECKING:
    from aotrace.compiler.codegen.emit import ProgramEmitter

_I64, _POINTER = ir.IntType(64), ir.PointerType()


def call(
    e: ProgramEmitter, external: External, args: Sequence[tuple[Reg, Type]], result: Type
) -> Reg:
    function = declare(e.shared.module, external, [kind for _, kind in args], result)
    found = e.ir.call(function, [_argument(e, value, kind) for value, kind in args])
    if isinstance(result, Int) and result.width < _I64.width // 8:
        narrow = e.ir.trunc(found, ir.IntType(result.bits))
        return e.extend(narrow, result.signed)
    return e.word(found)


def _argument(e: ProgramEmitter, value: Reg, kind: Type) -> Reg:
    if isinstance(kind, Pointer):
        return value if value.type == _POINTER else e.ir.inttoptr(value, _POINTER)
    return e.word(value)


def declare(module: ModuleBuilder, external: External, params: Sequence[Type], result: Type) -> Any:
    """The function, once a module."""
    if external.name in module.externals:
        return module.externals[external.name]
    registers = [_POINTER if isinstance(kind, Pointer) else _I64 for kind in params]
    returned = _POINTER if isinstance(result, Pointer) else _I64
    return module.external(external.name, returned, registers, _prototype(module, external))


def _prototype(module: ModuleBuilder, external: External) -> Node:
    btf = external.btf
    function = btf.type(external.type_id)
    assert isinstance(function, bt.Func)
    proto = btf.type(function.proto)
    assert isinstance(proto, bt.FuncProto)
    params = [_type(module, btf, type_id) for _, type_id in proto.params]
    return module.debug.declaration(external.name, _type(module, btf, proto.ret), params)


def _type(module: ModuleBuilder, btf: Btf, type_id: int) -> Node | None:
    """None for void, and for what lies behind a pointer and is not compared."""
    found, debug = btf.resolve(type_id), module.debug
    if isinstance(found, bt.Int):
        size = found.size * 8
        encoding = "boolean" if found.encoding == "bool" else "unsigned"
        return debug.basic(found.name, size, "signed" if found.signed else encoding)
    if isinstance(found, bt.Ptr):
        return debug.pointer(_type(module, btf, found.target))
    if isinstance(found, bt.Enum):
        values = [(each.name, each.value) for each in found.values]
        return debug.enumeration(found.name, found.size, values)
    if isinstance(found, (bt.Struct, bt.Fwd)) and found.name:
        return debug.forward(found.name, found.is_union)
    return None
