"""How stacks are unwound by rules: what the loader and a program that walks a stack agree on.

The rules are those of a file's .eh_frame (DWARF 5, 6.4: call frame information), on x86-64. Four
maps hold them. SPACES: by process, which of the ranges are its own. RANGES: executable mappings,
each with what of an address is the file's own, and which of the rows are that file's. ROWS: from
which address on which rule holds; ascending. RULES: how a caller's registers come out of a frame's.

Each caller's value is `base + offset`, or the word of the stack there; `base` is a register of the
frame, its canonical frame address (CFA), or zero.
"""

from __future__ import annotations

import struct

SPACES, RANGES, ROWS, RULES = "unwind_spaces", "unwind_ranges", "unwind_rows", "unwind_rules"
#: Where a walk has come to, a CPU each.
STATE = "unwind_state"
#: By DWARF's numbers (System V ABI, AMD64 supplement, 3.6.2).
BASE_POINTER, STACK_POINTER, RETURN_ADDRESS = 6, 7, 16
REGISTERS = 17
CFA, ZERO = 17, 18  # bases that are no registers
BASES = 32  # a power of two
SPACE = struct.Struct("<II")  # first range, how many
RANGE = struct.Struct("<QQQII")  # start, end, what the file's own addresses lack; first row, rows
#: A row: the address above, the number of its rule below; 0: nothing is known from there on.
RULE_BITS = 20
ROW_SIZE = 8
#: A rule: the CFA, what is added to it, and the value of each register, a word each.
RULE_WORDS = 2 + REGISTERS
#: A word: the base, whether it is read from memory, and the offset (32 bits, signed).
READ_BIT, PLT_SHIFT, OFFSET_SHIFT = 8, 16, 32
#: Steps of a search, each of which halves what is left.
MOST_RANGES_BITS, MOST_ROWS_BITS = 12, 23
#: What the frame of an address without rules is shown as (as bpftrace does).
LOST_FRAME = (1 << 64) - 1


def word(base: int, offset: int = 0, read: bool = False, plt: int = 0) -> int:
    """A value of a rule. plt: 16 less the place in an entry of a procedure linkage table from which
    on its CFA is a word further up; entries have 16 bytes."""
    return base | read << READ_BIT | plt << PLT_SHIFT | (offset & 0xFFFFFFFF) << OFFSET_SHIFT
