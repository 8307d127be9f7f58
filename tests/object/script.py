"""Hand-built modules: a script's text, places in it, and the way to a finished object."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

from aotrace.compiler.codegen.backend import Backend
from aotrace.compiler.codegen.core import Access, RelocKind
from aotrace.compiler.codegen.function import I64, PTR, FunctionBuilder
from aotrace.compiler.codegen.module import ModuleBuilder
from aotrace.compiler.kernel.btf import Btf
from aotrace.compiler.kernel.btf_kinds import BtfKind
from aotrace.compiler.objfile.finish import finish
from aotrace.compiler.source import Source, Span
from aotrace.compiler.types import Space
from aotrace.runtime.values.ints import IntKind

SCRIPT = """tracepoint:syscalls:sys_enter_getppid
/ pid == $1 /
{
  $parent = curtask->real_parent;
  @result = $parent->tgid;
}
"""
SOURCE = Source("parent.bt", SCRIPT)
SECTION = "tracepoint/syscalls/sys_enter_getppid"
U64 = IntKind(8, False)


@functools.cache
def kernel() -> Btf:
    """The types of the machine's own kernel."""
    return Btf.open(Path("/sys/kernel/btf/vmlinux"))


def place(text: str) -> Span:
    """Where the script says this."""
    start = SCRIPT.index(text)
    return Span(SOURCE, start, start + len(text))


def offset_of(btf: Btf, struct: str, *steps: str | int) -> Access:
    return ask(btf, RelocKind.FIELD_BYTE_OFFSET, struct, *steps)


def ask(btf: Btf, kind: RelocKind, struct: str, *steps: str | int) -> Access:
    root = btf.find(BtfKind.STRUCT, struct)
    assert root is not None, struct
    return Access(kind, btf, root, steps)


def build(write: Callable[[ModuleBuilder], None]) -> bytes:
    """The finished object of the module that `write` writes; its metadata is left empty."""
    module = ModuleBuilder(SOURCE, "GPL")
    write(module)
    with Backend() as backend:
        emitted = backend.emit(module.finish())
    return finish(emitted.object, module.fixups, lambda _: b"{}")


def own_pid_only(f: FunctionBuilder) -> None:
    """Leave the program in every other process than that of setting `$1`."""
    with f.at(place("pid == $1")):
        pid = f.ir.lshr(f.helper("get_current_pid_tgid"), I64(32))
        wanted = f.load(f.module.setting("$1", U64), 8)
        with f.if_(f.ir.icmp_unsigned("!=", pid, wanted)):
            f.return_(0)


def read_field(f: FunctionBuilder, base: Any, access: Access, size: int) -> Any:
    """The integer at a relocated offset from an address (i64), read through a helper."""
    slot = f.slot(size)
    address = f.ir.inttoptr(f.ir.add(base, f.core_value(access)), PTR)
    f.copy(slot, address, size, Space.KERNEL)
    value = f.load(slot, size)
    return value if size == 8 else f.ir.zext(value, I64)
