"""Machine architectures: where a function's arguments lie in pt_regs.

Offsets are those of the kernel's struct pt_regs (arch/x86/include/asm/ptrace.h,
arch/arm64/include/uapi/asm/ptrace.h), which are ABI.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from aotrace.compiler.frozen import dataclass


@dataclass(frozen=True)
class Arch:
    """Offsets in bytes from the start of pt_regs."""

    name: str
    arguments: tuple[int, ...]
    result: int
    instruction: int
    #: by the names that bpftrace gives them
    registers: Mapping[str, int] = field(default_factory=dict)


_X86_64 = (
    "r15", "r14", "r13", "r12", "bp", "bx", "r11", "r10", "r9", "r8", "ax", "cx", "dx", "si", "di",
    "orig_rax", "ip", "cs", "flags", "sp", "ss",
)  # fmt: skip
_AARCH64 = (*(f"r{number}" for number in range(31)), "sp", "pc", "pstate")

X86_64 = Arch(
    "x86_64", arguments=(112, 104, 96, 88, 72, 64), result=80, instruction=128,
    registers={**{name: 8 * place for place, name in enumerate(_X86_64)}, "pc": 128},
)  # fmt: skip
AARCH64 = Arch(
    "aarch64", arguments=tuple(range(0, 64, 8)), result=0, instruction=256,
    registers={name: 8 * place for place, name in enumerate(_AARCH64)},
)  # fmt: skip

ARCHES = {arch.name: arch for arch in (X86_64, AARCH64)}
