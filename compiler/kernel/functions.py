"""Kernel functions and raw tracepoints: their parameters, as BTF has them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple, Protocol

from aotrace.runtime.points import KERNEL

from .btf import Btf
from .btf_kinds import BtfKind
from .btf_types import Func, FuncProto, Ptr
from .close_names import close_names
from .tracepoint_templates import TYPEDEF_PREFIX

Parameters = tuple[tuple[str, int], ...]  # (name, type id)

_ITERATOR_PREFIX = "__traceiter_"


class FunctionInfo(NamedTuple):
    """One kernel function; all type ids are of `btf`, which is a module's for its functions.

    params: ('', 0) last stands for '...'. ret: type id, 0 for void. module: `vmlinux` for the
    kernel's own.
    """

    name: str
    type_id: int
    params: Parameters
    ret: int
    btf: Btf
    module: str = KERNEL


class RawTracepoint(NamedTuple):
    """A raw tracepoint; the type ids of its parameters are of `btf`, its module's."""

    module: str
    params: Parameters
    btf: Btf


class Modules(Protocol):
    """The types of modules by their names (modules.py, or a dict)."""

    def items(self) -> Iterable[tuple[str, Btf]]: ...


class Functions:
    """What kprobe, fentry and raw tracepoint probes can attach to, by name."""

    def __init__(self, btf: Btf, modules: Modules | None = None) -> None:
        self._btf = btf
        self._modules = modules

    def find(self, name: str, module: str | None = None) -> FunctionInfo | None:
        """The first function of that name, the kernel's own before those of modules; or that of one
        module."""
        for where, btf in self._everywhere():
            type_id = btf.find(BtfKind.FUNC, name) if module in (None, where) else None
            found = _function(btf, type_id, where) if type_id is not None else None
            if found:
                return found
        return None

    def matching(
        self, module: Callable[[str], bool], name: Callable[[str], bool]
    ) -> list[FunctionInfo]:
        """The functions of those modules that are so named, sorted."""
        found = [
            _function(btf, type_id, where)
            for where, btf in self._everywhere()
            if module(where)
            for known, type_id in btf.named(BtfKind.FUNC)
            if name(known)
        ]
        unique = {(f.module, f.name): f for f in reversed(found) if f}
        return [function for _, function in sorted(unique.items())]

    def raw_tracepoint(self, name: str, module: str | None = None) -> RawTracepoint | None:
        """What a raw tracepoint of the kernel or of a module hands over; None if there is none.

        From typedef btf_trace_NAME, whose first parameter (void *__data) is none of it. A
        prototype behind a typedef has no names: those of __traceiter_NAME are taken, '' if the
        kernel has no BTF for it.
        """
        for where, btf in self._everywhere():
            proto = _raw_prototype(btf, name) if module in (None, where) else None
            if proto is not None:
                return RawTracepoint(where, self._raw_parameters(name, proto), btf)
        return None

    def _raw_parameters(self, name: str, proto: FuncProto) -> Parameters:
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

    def _everywhere(self) -> Iterator[tuple[str, Btf]]:
        yield KERNEL, self._btf
        yield from self._modules.items() if self._modules else ()


def _raw_prototype(btf: Btf, name: str) -> FuncProto | None:
    """That of an event of that BTF itself, not of its base."""
    typedef = btf.find(BtfKind.TYPEDEF, TYPEDEF_PREFIX + name)
    if typedef is None or btf.owner(typedef) is not btf:
        return None
    pointer = btf.resolve(typedef)
    proto = btf.resolve(pointer.target) if isinstance(pointer, Ptr) else None
    return proto if isinstance(proto, FuncProto) else None


def _function(btf: Btf, type_id: int, module: str) -> FunctionInfo | None:
    """A function of that BTF itself, not of its base."""
    function = btf.type(type_id)
    if not isinstance(function, Func) or btf.owner(type_id) is not btf:
        return None
    proto = btf.type(function.proto)
    if not isinstance(proto, FuncProto):
        return None
    return FunctionInfo(function.name, function.id, proto.params, proto.ret, btf, module)
