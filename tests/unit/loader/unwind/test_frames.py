"""Rows of rules, beside pyelftools' reading of the same sections; and whatever bytes there are."""

from __future__ import annotations

from bisect import bisect_right
from pathlib import Path
from typing import Any

import pytest
from aotrace.loader.elf.file import open_elf
from aotrace.loader.unwind.expressions import cfa_of, register_of
from aotrace.loader.unwind.frames import Rules, rows
from aotrace.loader.unwind.reader import Malformed, Reader
from aotrace.runtime.unwind import CFA, REGISTERS, RULE_BITS, STACK_POINTER, ZERO, word
from elftools.dwarf.callframe import FDE, RegisterRule
from elftools.elf.elffile import ELFFile
from hypothesis import given
from hypothesis import strategies as st

_LINKER = Path("/lib64/ld-linux-x86-64.so.2")  # the smallest file that has all sorts of them
_MASK = (1 << 64) - 1


@pytest.fixture(scope="module")
def ours() -> tuple[list[int], list[tuple[int, ...]]]:
    rules = Rules()
    with open_elf(str(_LINKER)) as elf:
        section = elf.section(".eh_frame")
        assert section
        return rows(elf.data(section), section.address, rules), rules.all


def _theirs() -> list[tuple[int, dict[Any, Any]]]:
    with _LINKER.open("rb") as file:
        dwarf = ELFFile(file).get_dwarf_info()
        described = [entry for entry in dwarf.EH_CFI_entries() if isinstance(entry, FDE)]
        return [(line["pc"], line) for entry in described for line in entry.get_decoded().table]


def _register(rule: RegisterRule | None, number: int) -> int | None:
    """None: of an expression, which pyelftools does not read."""
    if rule is None:
        return word(CFA if number == STACK_POINTER else number)
    if rule.type == RegisterRule.UNDEFINED:
        return word(ZERO)
    return word(CFA, rule.arg, read=True) if rule.type == RegisterRule.OFFSET else None


def test_every_row_is_what_pyelftools_reads(
    ours: tuple[list[int], list[tuple[int, ...]]],
) -> None:
    found, rules = ours
    starts = [row >> RULE_BITS for row in found]
    assert starts == sorted(starts)
    theirs = _theirs()
    assert len(theirs) > 1000
    for address, line in theirs:
        number = found[bisect_right(starts, address) - 1] & ((1 << RULE_BITS) - 1)
        cfa = line["cfa"]
        if cfa.reg is None:  # an expression
            continue
        rule = rules[number - 1]
        assert (rule[0], rule[1]) == (word(cfa.reg, cfa.offset), 0), hex(address)
        for register in range(REGISTERS):
            wanted = _register(line.get(register), register)
            assert wanted in (None, rule[2 + register]), (hex(address), register)


def test_nothing_is_known_between_functions(
    ours: tuple[list[int], list[tuple[int, ...]]],
) -> None:
    assert ours[0][-1] & ((1 << RULE_BITS) - 1) == 0


_PLT = bytes.fromhex("770880003f1a3b2a332422")


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        (_PLT, (word(7, 8, plt=16 - 11), 0)),
        (b"\x76\x78\x06", (word(6, -8, read=True), 0)),  # breg6 -8; deref: a realigned stack
        (b"\x77\x30\x06\x23\x08", (word(7, 48, read=True), 8)),  # breg7 48; deref; plus_uconst 8
        (b"\x77\xa0\x01", (word(7, 160), 0)),
        (b"\x08\x05\x76\x00\x22", (word(6, 5), 0)),  # const1u 5; breg6 0; plus
        (b"\x77\x08\x06\x11\x7f\x22", (word(7, 8, read=True), _MASK)),  # … deref; consts -1; plus
        (b"\x77\x08\x32\x1c", (word(7, 6), 0)),  # breg7 8; lit2; minus
        (b"\x77\x00\x76\x00\x1e", None),  # a product
        (b"\x77\x00\x06\x06", None),  # two words deep
        (b"\x70", None),
        (b"\x22", None),
        (b"", None),
        (_PLT[:-1], None),
        (b"\x82\x00", None),  # a register that is not kept
    ],
)
def test_frame_addresses(expression: bytes, expected: tuple[int, int] | None) -> None:
    assert cfa_of(expression) == expected


@pytest.mark.parametrize(
    ("expression", "read", "expected"),
    [
        (b"\x77\x28", True, word(7, 40, read=True)),
        (b"\x77\x28", False, word(7, 40)),
        (b"\x77\x28\x06", False, word(7, 40, read=True)),
        (b"\x77\x28\x06", True, word(ZERO)),
        (b"\x96", True, word(ZERO)),
    ],
)
def test_registers(expression: bytes, read: bool, expected: int) -> None:
    assert register_of(expression, read) == expected


@given(st.binary(max_size=200))
def test_any_bytes_are_rows_or_nothing(data: bytes) -> None:
    found = rows(data, 0x1000, Rules())
    assert found == sorted(found)


@given(st.binary(min_size=1, max_size=120), st.integers(0, 60))
def test_damage_leaves_the_rest(damage: bytes, at: int) -> None:
    common = bytes.fromhex("14000000000000000 17a5200017810011b0c070890010000".replace(" ", ""))
    data = common[:at] + damage + common[at:]
    found = rows(data, 0x1000, Rules())
    assert found == sorted(found)


@given(st.integers(-(1 << 62), 1 << 62))
def test_signed_numbers(number: int) -> None:
    encoded, rest = bytearray(), number
    while True:
        byte, rest = rest & 0x7F, rest >> 7
        last = rest in (0, -1) and (rest < 0) == bool(byte & 0x40)
        encoded.append(byte | (0 if last else 0x80))
        if last:
            break
    assert Reader(bytes(encoded)).signed() == number


def test_pointers() -> None:
    assert Reader(b"\xfc\xff\xff\xff", 0x100).pointer(0x1B) == 0xFC
    assert Reader(b"\x10\0\0\0\0\0\0\0").pointer(0x00) == 0x10
    assert Reader(b"").pointer(0xFF) == 0
    with pytest.raises(Malformed):
        Reader(b"\0\0\0\0").pointer(0x3B)
