"""How C lays out a struct or union on the 64-bit machines that BPF programs see.

Source of the rules: the System V ABI for x86-64 (3.1.2) and the one for AArch64 (AAPCS64, 5.9 and
8.1.8), and gcc's documentation of the attributes `packed` and `aligned`. All offsets are in bits.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

BIGGEST_ALIGNMENT = 16  # what `aligned` without a number means


class Slot(NamedTuple):
    """One member to place.

    size and align are the type's, in bytes. bits: the width of a bitfield, else None; an unnamed
    one of width 0 only moves on. packed and aligned: the member's own attributes, and `packed` of
    its struct; aligned 0 stands for none.
    """

    size: int
    align: int
    bits: int | None = None
    named: bool = True
    packed: bool = False
    aligned: int = 0


class Layout(NamedTuple):
    """Where the members are (in bits, as the slots come), and size and alignment in bytes."""

    offsets: tuple[int, ...]
    size: int
    align: int


class Rules(NamedTuple):
    """What differs between machines."""

    unnamed_bitfields_align: bool = False


RULES = {"x86_64": Rules(), "aarch64": Rules(unnamed_bitfields_align=True)}


def lay_out(
    slots: Iterable[Slot], is_union: bool, aligned: int = 0, rules: Rules = RULES["x86_64"]
) -> Layout:
    """Place the members one after the other, or all at the start of a union."""
    offsets: list[int] = []
    end, largest, align = 0, 0, max(aligned, 1)
    for slot in slots:
        start = _start(slot, 0 if is_union else end)
        offsets.append(start)
        end = start + (slot.size * 8 if slot.bits is None else slot.bits)
        largest = max(largest, end)
        if slot.named or slot.bits is None or rules.unnamed_bitfields_align:
            align = max(align, _align(slot))
    return Layout(tuple(offsets), _up(-(-largest // 8), align), align)


def _align(slot: Slot) -> int:
    """In bytes, by how much the struct must be aligned for the member's sake."""
    own = 1 if slot.packed and slot.bits != 0 else slot.align
    return max(own, slot.aligned)


def _start(slot: Slot, end: int) -> int:
    """The first bit of a member when `end` bits are taken."""
    if slot.bits is None:
        return _up(end, _align(slot) * 8)
    if slot.aligned:
        end = _up(end, slot.aligned * 8)
    unit = slot.align * 8
    if slot.bits == 0:
        return _up(end, unit)
    # A bitfield may not need more units of its type's alignment than its type has.
    spans = -(-(end % unit + slot.bits) // unit)
    return _up(end, unit) if not slot.packed and spans > slot.size * 8 // unit else end


def _up(value: int, step: int) -> int:
    return -(-value // step) * step
