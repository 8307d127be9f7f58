"""Call frame information: the .eh_frame of a file as rows of rules (runtime/unwind.py).

DWARF 5, 6.4, and the Linux Standard Base, "Exception Frames". What is not understood leaves its
addresses without a rule; a file may hold anything.
"""

from __future__ import annotations

from aotrace.loader.unwind.expressions import cfa_of, register_of
from aotrace.loader.unwind.reader import Malformed, Reader
from aotrace.runtime.unwind import CFA, REGISTERS, RULE_BITS, STACK_POINTER, ZERO, word

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_EXTENDED = 0xFFFFFFFF
#: A caller's registers where nothing is said: the frame's own, but its stack pointer is the CFA.
_SAME = [word(CFA if base == STACK_POINTER else base) for base in range(REGISTERS)]
_UNDEFINED = word(ZERO)
_MOST = 1 << 64 - RULE_BITS  # beyond the addresses of rows


class Rules:
    """All rules of a run, each once; their numbers begin with 1."""

    def __init__(self) -> None:
        self._numbers: dict[tuple[int, ...], int] = {}

    def number(self, cfa: tuple[int, int], registers: list[int]) -> int:
        """0 where there are more than a row can name."""
        rule = (*cfa, *registers)
        found = self._numbers.get(rule)
        if found is None:
            found = len(self._numbers) + 1
            if found >> RULE_BITS:
                return 0
            self._numbers[rule] = found
        return found

    @property
    def all(self) -> list[tuple[int, ...]]:
        return list(self._numbers)


class _Common:
    """What the descriptions of many functions share (a CIE)."""

    def __init__(self, reader: Reader, end: int) -> None:
        version = reader.byte()
        augmentation = reader.text()
        self.code = reader.unsigned() if augmentation[:2] != b"eh" else 0
        self.data = reader.signed()
        self.return_address = reader.byte() if version == 1 else reader.unsigned()
        self.encoding = 0
        self.augmented = augmentation[:1] == b"z"
        if not self.code or (augmentation and not self.augmented):
            raise Malformed
        start = reader.unsigned() + reader.at if self.augmented else reader.at
        for letter in augmentation[1:]:
            if letter == ord("R"):
                self.encoding = reader.byte()
            elif letter == ord("P"):
                reader.pointer(reader.byte())
            elif letter == ord("L"):
                reader.byte()
        reader.at = start
        self.table = _Table(self)
        self.table.run(reader, end)


class _Table:
    """The table of one function, as its instructions make it row by row."""

    def __init__(self, common: _Common, initial: _Table | None = None) -> None:
        self._common = common
        self.cfa: tuple[int, int] | None = initial.cfa if initial else None
        self.registers: list[int] = list(initial.registers if initial else _SAME)
        self._initial = initial
        self._kept: list[tuple[tuple[int, int] | None, list[int]]] = []
        self.address = 0
        self.finish_row: Callable[[], None] = lambda: None

    def run(self, reader: Reader, end: int) -> None:
        """Raises Malformed."""
        byte, unsigned = reader.byte, reader.unsigned
        common, data = self._common, self._common.data
        while reader.at < end:
            code = byte()
            kind, low = code & 0xC0, code & 0x3F
            if kind == 0x40:  # DW_CFA_advance_loc
                self.finish_row()
                self.address += low * common.code
            elif kind == 0x80:  # DW_CFA_offset
                self._set(low, word(CFA, unsigned() * data, read=True))
            elif kind == 0xC0:  # DW_CFA_restore
                self._restore(low)
            elif code == 0x0E:  # DW_CFA_def_cfa_offset
                self._move_cfa(unsigned())
            else:
                _OTHERS.get(code, _unknown)(self, reader)

    def _set(self, register: int, value: int) -> None:
        if register == self._common.return_address:
            register = REGISTERS - 1
        if register < REGISTERS:
            self.registers[register] = value

    def _restore(self, register: int) -> None:
        if register < REGISTERS:
            self._set(register, (self._initial or self).registers[register])

    def _move_cfa(self, offset: int) -> None:
        if self.cfa is None:
            raise Malformed
        self.cfa = word(self.cfa[0] & 0xFF, offset), 0

    def advance(self, by: int) -> None:
        self.finish_row()
        self.address += by * self._common.code

    def jump(self, reader: Reader) -> None:
        self.finish_row()
        self.address = reader.pointer(self._common.encoding)

    def keep(self, _reader: Reader) -> None:
        self._kept.append((self.cfa, list(self.registers)))

    def take_back(self, _reader: Reader) -> None:
        if not self._kept:
            raise Malformed
        self.cfa, self.registers = self._kept.pop()

    def offset(self, reader: Reader, signed: bool, read: bool) -> None:
        register = reader.unsigned()
        distance = (reader.signed() if signed else reader.unsigned()) * self._common.data
        self._set(register, word(CFA, distance, read))

    def copy(self, reader: Reader) -> None:
        register, source = reader.unsigned(), reader.unsigned()
        self._set(register, word(source) if source < REGISTERS else _UNDEFINED)

    def define_cfa(self, reader: Reader, signed: bool) -> None:
        register = reader.unsigned()
        offset = reader.signed() * self._common.data if signed else reader.unsigned()
        self.cfa = (word(register, offset), 0) if register < REGISTERS else None

    def rebase_cfa(self, reader: Reader) -> None:
        register = reader.unsigned()
        if self.cfa is None or register >= REGISTERS:
            raise Malformed
        self.cfa = (self.cfa[0] & ~0xFF | register, 0)

    def compute_cfa(self, reader: Reader) -> None:
        self.cfa = cfa_of(reader.block())

    def compute(self, reader: Reader, read: bool) -> None:
        register = reader.unsigned()
        self._set(register, register_of(reader.block(), read))

    def forget(self, reader: Reader) -> None:
        self._set(reader.unsigned(), _UNDEFINED)

    def keep_same(self, reader: Reader) -> None:
        register = reader.unsigned()
        if register < REGISTERS:
            self._set(register, _SAME[register])


def _unknown(_table: _Table, _reader: Reader) -> None:
    raise Malformed


#: DW_CFA_…, by number.
_OTHERS: dict[int, Callable[[_Table, Reader], object]] = {
    0x00: lambda table, reader: None,  # nop
    0x01: _Table.jump,
    0x02: lambda table, reader: table.advance(reader.byte()),
    0x03: lambda table, reader: table.advance(reader.number(2)),
    0x04: lambda table, reader: table.advance(reader.number(4)),
    0x05: lambda table, reader: table.offset(reader, signed=False, read=True),
    0x06: lambda table, reader: table._restore(reader.unsigned()),
    0x07: _Table.forget,
    0x08: _Table.keep_same,
    0x09: _Table.copy,
    0x0A: _Table.keep,
    0x0B: _Table.take_back,
    0x0C: lambda table, reader: table.define_cfa(reader, signed=False),
    0x0D: _Table.rebase_cfa,
    0x0F: _Table.compute_cfa,
    0x10: lambda table, reader: table.compute(reader, read=True),
    0x11: lambda table, reader: table.offset(reader, signed=True, read=True),
    0x12: lambda table, reader: table.define_cfa(reader, signed=True),
    0x13: lambda table, reader: table._move_cfa(reader.signed() * table._common.data),
    0x14: lambda table, reader: table.offset(reader, signed=False, read=False),
    0x15: lambda table, reader: table.offset(reader, signed=True, read=False),
    0x16: lambda table, reader: table.compute(reader, read=False),
    0x2E: lambda table, reader: reader.unsigned(),  # GNU_args_size
}


def rows(data: bytes, address: int, rules: Rules) -> list[int]:
    """The rows of a section of that address, ascending."""
    found: list[int] = []
    starts, ends = set(), set()
    for start, end, own in _functions(data, address, rules):
        if 0 <= start < end < _MOST:
            starts.add(start)
            ends.add(end)
            found += own
    found += [end << RULE_BITS for end in ends - starts]
    found.sort()
    return found


def _functions(data: bytes, address: int, rules: Rules) -> Iterator[tuple[int, int, list[int]]]:
    """(start, end, rows) of each function that is described."""
    commons: dict[int, _Common] = {}
    reader = Reader(data, address)
    while reader.at + 4 <= len(data):
        length = reader.number(4)
        if length == _EXTENDED or length > len(data) - reader.at:
            return
        place, end = reader.at, reader.at + length
        try:
            if length and (back := reader.number(4)):
                common = commons.get(place - back)
                if common:
                    yield _function(reader, end, common, rules)
            elif length:
                commons[place - 4] = _Common(reader, end)
        except (Malformed, IndexError):
            pass
        reader.at = end


def _function(
    reader: Reader, end: int, common: _Common, rules: Rules
) -> tuple[int, int, list[int]]:
    start = reader.pointer(common.encoding)
    size = reader.pointer(common.encoding & 0x0F)
    if common.augmented:
        reader.at += reader.unsigned()
    table = _Table(common, common.table)
    found: list[int] = []
    last = -1
    table.address = start

    def finish_row() -> None:
        nonlocal last
        cfa = table.cfa
        number = rules.number(cfa, table.registers) if cfa else 0
        if number != last:
            found.append(table.address << RULE_BITS | number)
            last = number

    table.finish_row = finish_row
    table.run(reader, end)
    finish_row()
    return start, start + size, found
