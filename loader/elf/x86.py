"""Lengths of x86-64 instructions: enough to tell where one begins.

A breakpoint in the middle of an instruction changes what the program does. Opcode maps: Intel's
Software Developer's Manual, volume 2, appendix A.
"""

from __future__ import annotations

_PREFIXES = frozenset((0x66, 0x67, 0xF0, 0xF2, 0xF3, 0x2E, 0x36, 0x3E, 0x26, 0x64, 0x65))
_LONGEST = 15  # bytes of one instruction


def _set(*ranges: int | tuple[int, int]) -> frozenset[int]:
    found: set[int] = set()
    for each in ranges:
        first, last = each if isinstance(each, tuple) else (each, each)
        found.update(range(first, last + 1))
    return frozenset(found)


_ARITHMETIC = range(0, 0x40, 8)  # add, or, adc, sbb, and, sub, xor, cmp
_MODRM = frozenset(row + i for row in _ARITHMETIC for i in range(4)) | _set(
    0x63, 0x69, 0x6B, (0x80, 0x8F), 0xC0, 0xC1, 0xC6, 0xC7, (0xD0, 0xD3), (0xD8, 0xDF),
    0xF6, 0xF7, 0xFE, 0xFF,
)  # fmt: skip
_BYTE = frozenset(row + 4 for row in _ARITHMETIC) | _set(
    0x6A, 0x6B, (0x70, 0x7F), 0x80, 0x83, 0xA8, (0xB0, 0xB7), 0xC0, 0xC1, 0xC6, 0xCD,
    (0xE0, 0xE7), 0xEB,
)  # fmt: skip
_WORD = frozenset(row + 5 for row in _ARITHMETIC) | _set(0x68, 0x69, 0x81, 0xA9, 0xC7)
_INVALID = _set(
    0x06, 0x07, 0x0E, 0x16, 0x17, 0x1E, 0x1F, 0x27, 0x2F, 0x37, 0x3F, 0x60, 0x61, 0x82, 0x9A,
    0xCE, 0xD4, 0xD5, 0xD6, 0xEA,
)  # fmt: skip
_NO_MODRM_0F = _set(
    5, 6, 7, 8, 9, 0x0B, 0x0E, (0x30, 0x37), 0x77, (0x80, 0x8F), 0xA0, 0xA1, 0xA2, 0xA8, 0xA9, 0xAA,
    (0xC8, 0xCF),
)  # fmt: skip
_BYTE_0F = _set((0x70, 0x73), 0xA4, 0xAC, 0xBA, 0xC2, 0xC4, 0xC5, 0xC6)


class Unknown(Exception):
    """These bytes are no instruction that is known."""


def length(code: bytes, at: int = 0) -> int:
    """Bytes of the instruction at a place. Raises Unknown."""
    try:
        end = _end(code, at)
    except IndexError:
        raise Unknown from None
    if end - at > _LONGEST or end > len(code):
        raise Unknown
    return end - at


def begins_at(code: bytes, offset: int) -> bool:
    """Whether an instruction begins at the offset, counted from the first. Raises Unknown."""
    at = 0
    while at < offset:
        at += length(code, at)
    return at == offset


def _end(code: bytes, start: int) -> int:
    at, short, rex = start, False, 0
    while code[at] in _PREFIXES:
        short |= code[at] == 0x66
        at += 1
    if code[at] & 0xF0 == 0x40:
        rex = code[at]
        at += 1
    opcode = code[at]
    if opcode == 0x0F:
        return _two_bytes(code, at + 1)
    if opcode in _VECTOR:
        return _vector(code, at)
    return _one_byte(code, at, short, bool(rex & 8))


def _one_byte(code: bytes, at: int, short: bool, wide: bool) -> int:
    opcode = code[at]
    if opcode in _INVALID:
        raise Unknown
    end = at + 1
    if opcode in _MODRM:
        end = _operand(code, end)
        if opcode in (0xF6, 0xF7) and not code[at + 1] & 0x30:  # test
            return end + (1 if opcode == 0xF6 else 2 if short else 4)
    if opcode in _BYTE:
        return end + 1
    if opcode in _WORD:
        return end + (2 if short else 4)
    if 0xB8 <= opcode <= 0xBF:
        return end + (8 if wide else 2 if short else 4)
    return end + _OTHERS.get(opcode, 0)


#: 0xA0 to 0xA3: an address; ret, enter, call and jmp
_OTHERS = {0xA0: 8, 0xA1: 8, 0xA2: 8, 0xA3: 8, 0xC2: 2, 0xCA: 2, 0xC8: 3, 0xE8: 4, 0xE9: 4}


def _two_bytes(code: bytes, at: int) -> int:
    opcode = code[at]
    if opcode == 0x38:
        return _operand(code, at + 2)
    if opcode == 0x3A:
        return _operand(code, at + 2) + 1
    if opcode in _NO_MODRM_0F:
        return at + (5 if 0x80 <= opcode <= 0x8F else 1)
    return _operand(code, at + 1) + (opcode in _BYTE_0F)


#: The first byte of a VEX, EVEX or XOP prefix -> bytes before the opcode. The opcode map stands in
#: the second byte; VEX of two bytes has only map 1.
_VECTOR = {0xC5: 2, 0xC4: 3, 0x62: 4, 0x8F: 3}


def _vector(code: bytes, at: int) -> int:
    first = code[at]
    which = 1 if first == 0xC5 else code[at + 1] & (7 if first == 0x62 else 31)
    if first == 0x8F and which < 8:  # pop
        return _operand(code, at + 1)
    at += _VECTOR[first]
    if which == 1 and code[at] == 0x77:  # vzeroupper
        return at + 1
    has_byte = which in (3, 8) or (which == 1 and code[at] in _BYTE_0F)
    return _operand(code, at + 1) + (4 if which == 10 else has_byte)


def _operand(code: bytes, at: int) -> int:
    """The end of a ModRM byte with what it brings along."""
    mode, register = code[at] >> 6, code[at] & 7
    end = at + 1
    if mode == 3:
        return end
    base = register
    if register == 4:
        base = code[end] & 7
        end += 1
    if mode == 0:
        return end + (4 if base == 5 else 0)
    return end + (1 if mode == 1 else 4)
