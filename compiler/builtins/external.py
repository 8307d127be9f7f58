"""Functions of C that a script imports: their records, out of the BTF of the object they are in.

They take and give integers and pointers, as bpftrace 0.27 has it.
"""

from __future__ import annotations

from collections.abc import Iterator

from aotrace.compiler.builtins.accepts import INTEGER
from aotrace.compiler.builtins.record import Accepts, Function, Parameter, Site
from aotrace.compiler.emitter import Emitter, External, Reg
from aotrace.compiler.kernel import btf_types as bt
from aotrace.compiler.kernel.btf import Btf
from aotrace.compiler.kernel.btf_kinds import BtfKind
from aotrace.compiler.kernel_types import type_of
from aotrace.compiler.types import NONE, Bool, Int, Pointer, Type

_GLOBAL = 1  # linkage, in BTF
_REGISTERS = 5  # arguments of a BPF function
_POINTER = Accepts("a pointer", lambda kind: isinstance(kind, Pointer))


def external_functions(btf: Btf) -> Iterator[Function]:
    """The functions of an object that a script can call."""
    for name, type_id in btf.named(BtfKind.FUNC):
        function = btf.type(type_id)
        proto = btf.type(function.proto) if isinstance(function, bt.Func) else None
        if isinstance(proto, bt.FuncProto) and function.linkage == _GLOBAL:  # type: ignore[union-attr]
            types = [_plain(type_of(btf, each)) for _, each in proto.params]
            result = _plain(type_of(btf, proto.ret)) if proto.ret else NONE
            if None not in types and result is not None and len(types) <= _REGISTERS:
                names = [given or f"argument {n}" for n, (given, _) in enumerate(proto.params, 1)]
                yield _record(External(name, btf, type_id), names, types, result)  # type: ignore[arg-type]


def _plain(kind: Type) -> Type | None:
    """The type as a script sees it; None for one that it has no values of."""
    if isinstance(kind, Pointer):
        return Pointer(NONE)
    return kind if isinstance(kind, (Int, Bool)) else None


def _record(external: External, names: list[str], types: list[Type], result: Type) -> Function:
    parameters = tuple(
        Parameter(name, _POINTER if isinstance(kind, Pointer) else INTEGER)
        for name, kind in zip(names, types)
    )

    def emit(e: Emitter, site: Site, _target: Reg | None) -> Reg:
        values = [
            e.pointer(arg) if isinstance(kind, Pointer) else e.value(arg)
            for arg, kind in zip(site.args, types)
        ]
        return e.external(external, list(zip(values, types)), result)

    doc = "A function in C that the script imports."
    return Function(external.name, doc, parameters, lambda _site: result, emit, acts=True)
