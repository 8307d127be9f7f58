"""Kernel functions and raw tracepoints: their parameters, as BTF has them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from .btf import Btf
from .btf_kinds import BtfKind
from .btf_types import Func, FuncProto, Ptr
from .close_names import close_names
from .tracepoint_templates import TYPEDEF_PREFIX

Parameters = tuple[tuple[str, int], ...]  # (name, type id)

_ITERATOR_PREFIX = "__traceiter_"


class FunctionInfo(NamedTuple):
    """One kernel function; all type ids are of `btf`, which is a module's for its functions.

    params: ('', 0) last stands for '...'. ret: type id, 0 for void.
    """

    name: str
    type_id: int
    params: Parameters
    ret: int
    btf: Btf


class Functions:
    """What kprobe, fentry and raw tracepoint probes can attach to, by name."""

    def __init__(self, btf: Btf, modules: Iterable[Btf] = ()) -> None:
        self._btf = btf
        self._modules = modules

    def find(self, name: str) -> FunctionInfo | None:
        """The first function of that name, the kernel's own before those of modules."""
        for btf in self._everywhere():
            type_id = btf.find(BtfKind.FUNC, name)
            function = btf.type(type_id) if type_id is not None else None
            proto = btf.type(function.proto) if isinstance(function, Func) else None
            if function and isinstance(proto, FuncProto):
                return FunctionInfo(name, function.id, proto.params, proto.ret, btf)
        return None

    def find_raw_tracepoint(self, name: str) -> Parameters | None:
        """What a raw tracepoint of the kernel itself hands over; None if there is none so named.

        From typedef btf_trace_NAME, whose first parameter (void *__data) is none of it. A
        prototype behind a typedef has no names: those of __traceiter_NAME are taken, '' if the
        kernel has no BTF for it.
        """
        proto = self._raw_prototype(name)
        if proto is None:
            return None
        caller = self.find(_ITERATOR_PREFIX + name)
        same = caller and [t for _, t in caller.params] == [t for _, t in proto.params]
        return caller.params[1:] if caller and same else proto.params[1:]

    def suggestions(self, name: str) -> list[str]:
        """Functions of like name, for a hint."""
        return close_names(name, self._btf.names(BtfKind.FUNC))

    def raw_tracepoint_names(self) -> list[str]:
        """Names of the kernel's own raw tracepoints, sorted."""
        (found,) = self._btf.find_prefixes((BtfKind.TYPEDEF, TYPEDEF_PREFIX))
        return sorted(name[len(TYPEDEF_PREFIX) :] for _, name in found)

    def _everywhere(self) -> Iterable[Btf]:
        yield self._btf
        yield from self._modules

    def _raw_prototype(self, name: str) -> FuncProto | None:
        typedef = self._btf.find(BtfKind.TYPEDEF, TYPEDEF_PREFIX + name)
        pointer = self._btf.resolve(typedef) if typedef is not None else None
        proto = self._btf.resolve(pointer.target) if isinstance(pointer, Ptr) else None
        return proto if isinstance(proto, FuncProto) else None
