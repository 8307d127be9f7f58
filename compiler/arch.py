"""Machine architectures: where a function's arguments lie in pt_regs.

Offsets are those of the kernel's struct pt_regs (arch/x86/include/asm/ptrace.h,
arch/arm64/include/uapi/asm/ptrace.h), which are ABI.
"""

from __future__ import annotations

from aotrace.compiler.frozen import dataclass


@dataclass(frozen=True)
class Arch:
    """Offsets in bytes from the start of pt_regs."""

    name: str
    arguments: tuple[int, ...]
    result: int
    instruction: int


X86_64 = Arch("x86_64", arguments=(112, 104, 96, 88, 72, 64), result=80, instruction=128)
AARCH64 = Arch("aarch64", arguments=tuple(range(0, 64, 8)), result=0, instruction=256)

ARCHES = {arch.name: arch for arch in (X86_64, AARCH64)}
