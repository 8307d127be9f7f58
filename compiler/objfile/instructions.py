"""Finding and patching the instructions that the target decides.

Three forms: a 64-bit immediate load of the address of `core.N` (codegen/core.py), a load from
memory at one of the offsets that stand for a relocated one, and a call of a helper that stands for
a value, which becomes the instruction that sets the result. Encoding: kernel
Documentation/bpf/standardization/instruction-set.rst.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from enum import Enum
from typing import NamedTuple

from aotrace.compiler.codegen.core import (
    DIRECT_BASE,
    DIRECT_STEP,
    MAX_DIRECT_LOADS,
    MEMBER_PREFIX,
    PINNED_BASE,
    SYMBOL_PREFIX,
    Access,
    Fixups,
)
from aotrace.compiler.objfile.elf import STT_FUNC, Elf, Section, Symbol
from aotrace.compiler.objfile.errors import ObjectError
from aotrace.runtime.members import MARK

_DIRECT_END = DIRECT_BASE + DIRECT_STEP * MAX_DIRECT_LOADS
_SIZE = 8  # bytes of one instruction; LD_IMM64 has two
_CODE = struct.Struct("<BBhi")
_LD_IMM64 = 0x18
_CALL, _MOV64_IMM = 0x85, 0xB7
_CLASS, _LDX, _ST, _STX = 0x7, 0x1, 0x2, 0x3
_OFFSETS = struct.Struct("<h")
_IMMEDIATE = struct.Struct("<I")


class Form(Enum):
    IMMEDIATE = "ldimm64"
    DIRECT = "ldx"
    PINNED = "mov"


class Use(NamedTuple):
    """A relocated instruction: its byte offset in its section, what it asks for, its form."""

    offset: int
    access: Access
    form: Form


def find_uses(elf: Elf, section: Section, fixups: Fixups) -> list[Use]:
    """Every relocated instruction of an executable section, in order.

    Raises ObjectError where LLVM made of one what cannot be relocated.
    """
    return sorted(
        [
            *_immediate_uses(section, fixups),
            *_direct_uses(elf, section, fixups.direct_loads),
            *_pinned_uses(section, fixups),
        ],
        key=lambda use: use.offset,
    )


def patch(section: Section, use: Use, value: int) -> None:
    """Write the build host's answer, which libbpf compares with the local types'."""
    if use.form is Form.DIRECT:
        _OFFSETS.pack_into(section.data, use.offset + 2, value)
        return
    if use.form is Form.PINNED:
        _CODE.pack_into(section.data, use.offset, _MOV64_IMM, 0, 0, value)
        return
    _IMMEDIATE.pack_into(section.data, use.offset + 4, value & 0xFFFFFFFF)
    _IMMEDIATE.pack_into(section.data, use.offset + _SIZE + 4, value >> 32 & 0xFFFFFFFF)


def mark_members(section: Section) -> None:
    """Make each address of `member.N` the marker of member N (runtime/members.py)."""
    for item in section.relocations:
        if not _is_member_symbol(item.symbol):
            continue
        opcode, _, _, immediate = _CODE.unpack_from(section.data, item.offset)
        if opcode != _LD_IMM64 or immediate:
            raise ObjectError("a member's number was folded into another value by LLVM")
        number = int(item.symbol.name[len(MEMBER_PREFIX) :])
        _IMMEDIATE.pack_into(section.data, item.offset + 4, number)
        _IMMEDIATE.pack_into(section.data, item.offset + _SIZE + 4, MARK)
    section.relocations = [r for r in section.relocations if not _is_member_symbol(r.symbol)]


def _is_member_symbol(symbol: Symbol) -> bool:
    return symbol.section is None and symbol.name.startswith(MEMBER_PREFIX)


def is_core_symbol(symbol: Symbol) -> bool:
    return symbol.section is None and symbol.name.startswith(SYMBOL_PREFIX)


def _immediate_uses(section: Section, fixups: Fixups) -> Iterator[Use]:
    for item in section.relocations:
        if not is_core_symbol(item.symbol):
            continue
        access = fixups.core[int(item.symbol.name[len(SYMBOL_PREFIX) :])]
        opcode, _, _, immediate = _CODE.unpack_from(section.data, item.offset)
        if opcode != _LD_IMM64 or immediate:
            raise ObjectError(f"`{access}` was folded into another value by LLVM")
        yield Use(item.offset, access, Form.IMMEDIATE)


def _direct_uses(
    elf: Elf, section: Section, direct_loads: Mapping[str, tuple[Access, ...]]
) -> Iterator[Use]:
    functions = [s for s in elf.symbols if s.section is section and s.type == STT_FUNC]
    for function in functions:
        known = direct_loads.get(function.name, ())
        for offset, opcode, memory_offset in _memory_accesses(section, function):
            if memory_offset >= _DIRECT_END:
                continue
            number, rest = divmod(memory_offset - DIRECT_BASE, DIRECT_STEP)
            if opcode & _CLASS != _LDX or rest or number >= len(known):
                raise ObjectError(
                    f"{function.name}: LLVM moved a relocated offset ({memory_offset:#x})"
                )
            yield Use(offset, known[number], Form.DIRECT)


def _pinned_uses(section: Section, fixups: Fixups) -> Iterator[Use]:
    """The second half of an ld_imm64 has the opcode 0, and is never taken for a call."""
    for offset in range(0, section.size, _SIZE):
        opcode, registers, _, immediate = _CODE.unpack_from(section.data, offset)
        if opcode == _CALL and not registers and immediate >= PINNED_BASE:
            yield Use(offset, fixups.core[immediate - PINNED_BASE], Form.PINNED)


def _memory_accesses(section: Section, function: Symbol) -> Iterator[tuple[int, int, int]]:
    """(byte offset, opcode, memory offset) of a function's loads and stores."""
    end = function.value + function.size
    for offset in range(function.value, end, _SIZE):
        opcode, _, memory_offset, _ = _CODE.unpack_from(section.data, offset)
        if opcode & _CLASS in (_LDX, _ST, _STX):
            yield offset, opcode, memory_offset
