"""CO-RE relocations: what a program asks of the target's types.

LLVM knows nothing of them. A relocatable value is the address of the weak symbol `core.N`, where N
indexes the module's CoreTable (corehost.py); the object writer (objfile/) turns its uses into
relocation records.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from enum import IntEnum

from aotrace.compiler.codegen.errors import CodegenError
from aotrace.compiler.frozen import dataclass
from aotrace.compiler.kernel.btf import Btf
from aotrace.compiler.kernel.btf_types import Enum, Struct

SYMBOL_PREFIX = "core."
#: The address of `member.N` stands for the number of a program's member (members.py).
MEMBER_PREFIX = "member."

#: A load whose offset is relocated is written with offset DIRECT_BASE + DIRECT_STEP * n, where n
#: indexes its function's list of direct loads. An instruction has 16 bits for it, with a sign; so
#: far below zero lies nothing else: the stack ends at -512, and maps' values start at 0.
DIRECT_BASE = -0x8000
DIRECT_STEP = 16
MAX_DIRECT_LOADS = 512

#: A relocated value of 32 bits that must not be asked for before what guards it: LLVM sees a call
#: of the helper PINNED_BASE + N, which it leaves where it is; no kernel has so many helpers.
PINNED_BASE = 0x7F000000


class RelocKind(IntEnum):
    """What is asked: enum bpf_core_relo_kind."""

    FIELD_BYTE_OFFSET = 0
    FIELD_BYTE_SIZE = 1
    FIELD_EXISTS = 2
    FIELD_SIGNED = 3
    FIELD_LSHIFT_U64 = 4
    FIELD_RSHIFT_U64 = 5
    TYPE_ID_LOCAL = 6
    TYPE_ID_TARGET = 7
    TYPE_EXISTS = 8
    TYPE_SIZE = 9
    ENUMVAL_EXISTS = 10
    ENUMVAL_VALUE = 11


class CoreError(CodegenError):
    """Something that CO-RE cannot relocate."""


@dataclass(frozen=True)
class Access:
    """One question to the target.

    root: a struct, union or enum (or a typedef of one) in `btf`, the BTF of the build host's
    kernel or of one of its modules. steps: names of members, without the anonymous ones between
    them, and constant array indexes; for an enum the enumerator's name; none for the type itself.
    event: the tracepoint whose context `root` is (runtime/contexts.py), else empty.
    """

    kind: RelocKind
    btf: Btf
    root: int
    steps: tuple[str | int, ...] = ()
    event: str = ""

    def __str__(self) -> str:
        path = "".join(f"[{s}]" if isinstance(s, int) else f".{s}" for s in self.steps)
        return f"{type_name(self.btf, self.root)}{path}"


@dataclass(frozen=True)
class Fixups:
    """What the object writer must mend in LLVM's object.

    core: the accesses, by the N of `core.N`. direct_loads: per function, the accesses by the n of
    its direct loads. settings: the loader's name of each variable -> its symbol. foreign: symbols
    of the kernel, which libbpf places.
    """

    core: tuple[Access, ...] = ()
    direct_loads: Mapping[str, tuple[Access, ...]] = field(default_factory=dict)
    settings: Mapping[str, str] = field(default_factory=dict)
    foreign: frozenset[str] = frozenset()


def type_name(btf: Btf, type_id: int) -> str:
    """A type as C has it: 'struct sock', 'enum pid_type', 'atomic_t'."""
    found = btf.type(type_id)
    prefix = ""
    if isinstance(found, Struct):
        prefix = "union " if found.is_union else "struct "
    elif isinstance(found, Enum):
        prefix = "enum "
    return prefix + (found.name or "(unnamed)")
