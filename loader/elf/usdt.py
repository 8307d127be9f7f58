"""Static probes of an ELF file (sys/sdt.h): where they are, and where their arguments lie.

A note per site has the address of an instruction, that of a counter (the semaphore), and the
arguments as the assembler wrote their operands: `-4@%edi 8@-16(%rbp) 8@counts(%rip)`.
"""

from __future__ import annotations

import re
import struct

from aotrace.loader.elf.file import AARCH64, X86_64
from aotrace.runtime.members import ARGUMENT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from aotrace.loader.elf.file import ElfFile
    from aotrace.loader.elf.symbols import Symbols

_SECTION, _BASE = ".note.stapsdt", ".stapsdt.base"
_PACKED = struct.Struct(ARGUMENT)
_NOTE = (b"stapsdt\0", 3)
_WORDS = {64: struct.Struct("<QQQ"), 32: struct.Struct("<III")}


class OperandError(Exception):
    """An argument lies where it cannot be read; the text says why."""


class Site:
    """One site of a probe. counter: the address of its semaphore, 0: it has none."""

    __slots__ = ("address", "arguments", "counter", "name", "provider")

    def __init__(
        self, provider: str, name: str, arguments: str, address: int, counter: int
    ) -> None:
        self.provider = provider
        self.name = name
        self.arguments = arguments
        self.address = address
        self.counter = counter


class Operand:
    """Where an argument lies: `constant` + register `base` + register `index` << `scale`, or, if
    `memory`, in user memory at that address. Registers are offsets in pt_regs; None: none."""

    __slots__ = ("base", "constant", "index", "memory", "scale", "signed", "size", "unknown")

    def __init__(
        self, constant: int = 0, base: int | None = None, index: int | None = None,
        scale: int = 0, memory: bool = False,
    ) -> None:  # fmt: skip
        self.constant = constant
        self.base = base
        self.index = index
        self.scale = scale
        self.memory = memory
        self.size = 8
        self.signed = False
        self.unknown = ""  # why it cannot be read

    def pack(self) -> bytes:
        """As programs look it up (runtime/members.py)."""
        base, index = (0 if place is None else place + 1 for place in (self.base, self.index))
        return _PACKED.pack(
            self.constant, base, index, self.scale, self.memory, self.size, self.signed
        )


def sites(elf: ElfFile) -> Iterator[Site]:
    """All sites of a file, in the order of its notes. Raises ElfError."""
    base = elf.section(_BASE)
    words = _WORDS[elf.bits]
    for name, kind, contents in elf.notes(_SECTION):
        if (name, kind) != _NOTE or len(contents) < words.size + 3:
            continue
        address, linked_at, counter = words.unpack_from(contents)
        # a prelinked file was moved: how far, the section's address tells
        moved = base.address - linked_at if base and linked_at else 0
        texts = contents[words.size :].split(b"\0")
        if len(texts) > 2 and texts[0] and texts[1]:
            provider, probe, arguments = (text.decode(errors="replace") for text in texts[:3])
            place = counter and counter + moved
            yield Site(provider, probe, arguments, address + moved, place)


def operands(site: Site, elf: ElfFile, symbols: Symbols) -> list[Operand]:
    """The arguments of a site, in order."""
    read, names = _READERS.get(elf.machine, _no_operand), _Names(site, elf, symbols)
    return [
        _operand_or_reason(size, text.strip(), read, names)
        for size, text in _ARGUMENT.findall(site.arguments)
    ]


#: `-4@%edi` and the like; on aarch64 an operand may have blanks in it
_ARGUMENT = re.compile(r"(-?\d+f?)@(.*?)(?=\s-?\d+f?@|$)")


def _operand_or_reason(
    size: str, text: str, read: Callable[[str, _Names], Operand | None], names: _Names
) -> Operand:
    try:
        return _operand(size, text, read, names)
    except OperandError as error:
        found = Operand()
        found.unknown = str(error)
        return found


def _no_operand(text: str, names: _Names) -> Operand | None:
    raise OperandError("the file is for another machine")


def _operand(
    size: str, text: str, read: Callable[[str, _Names], Operand | None], names: _Names
) -> Operand:
    found = read(text, names)
    if found is None:
        raise OperandError(f"the operand {size}@{text} is not known")
    if size.endswith("f"):
        raise OperandError(f"the operand {size}@{text} is a floating-point number")
    found.size, found.signed = abs(int(size)), size.startswith("-")
    if found.size not in (1, 2, 4, 8):
        raise OperandError(f"the operand {size}@{text} has an odd size")
    return found


class _Names:
    """What symbols in operands stand for, seen from the site's own address."""

    def __init__(self, site: Site, elf: ElfFile, symbols: Symbols) -> None:
        self._site = site
        self._elf = elf
        self._symbols = symbols

    def distance(self, expression: str) -> int:
        """Bytes from the site to `symbol`, `symbol+8` or `8+symbol`, whatever the file's load
        address is. Raises OperandError."""
        total, named = 0, 0
        for sign, word in _TERM.findall(expression):
            value = _number(word)
            if value is None:
                value, named = self._address(word), named + 1
            total += -value if sign == "-" else value
        if named != 1:
            raise OperandError(f"the operand {expression} is no address of a symbol")
        return total - self._site.address

    def _address(self, name: str) -> int:
        found = self._symbols.find(name)
        if not found:
            raise OperandError(f"the file has no symbol {name}, which an argument is at")
        return found[0].address


_TERM = re.compile(r"([+-]?)\s*([^\s+-]+)")


def _number(text: str) -> int | None:
    try:
        return int(text, 0)
    except ValueError:
        return None


# --- x86-64 ----------------------------------------------------------------------------------

#: offsets in struct pt_regs (arch/x86/include/uapi/asm/ptrace.h)
_X86_WIDE = {
    "r15": 0, "r14": 8, "r13": 16, "r12": 24, "bp": 32, "bx": 40, "r11": 48, "r10": 56, "r9": 64,
    "r8": 72, "ax": 80, "cx": 88, "dx": 96, "si": 104, "di": 112, "ip": 128, "sp": 152,
}  # fmt: skip
_X86_HIGH = {"ah": 81, "bh": 41, "ch": 89, "dh": 97}


def _x86_registers() -> Iterator[tuple[str, int]]:
    for name, offset in _X86_WIDE.items():
        if name[0] == "r":
            yield from ((name + suffix, offset) for suffix in ("", "d", "w", "b", "l"))
        else:
            yield from ((prefix + name, offset) for prefix in ("r", "e", ""))
            yield (name[0] + "l" if name[1] == "x" else name + "l"), offset
    yield from _X86_HIGH.items()


_X86 = dict(_x86_registers())
_X86_MEMORY = re.compile(r"(?:%(\w+):)?([^(]*)(?:\((%\w+)?(?:,\s*(%\w+)(?:,\s*([1248]))?)?\))?$")


def _x86_operand(text: str, names: _Names) -> Operand | None:
    if text.startswith("%") and ":" not in text:
        return Operand(base=_x86_register(text))
    if text.startswith("$"):
        value = _number(text[1:])
        if value is not None:
            return Operand(value)
        return Operand(names.distance(text[1:]), base=_X86["rip"])
    found = _X86_MEMORY.match(text)
    if not found:
        return None
    segment, displacement, base, index, scale = found.groups()
    if segment:
        raise OperandError(f"the operand {text} is in a segment")
    value = _number(displacement.replace(" ", "") or "0")
    if value is None:
        return _x86_symbol(displacement, base, index, names)
    return Operand(
        value, _x86_register(base) if base else None, _x86_register(index) if index else None,
        int(scale or 1).bit_length() - 1, memory=True,
    )  # fmt: skip


def _x86_symbol(expression: str, base: str, index: str, names: _Names) -> Operand:
    """A variable at an address of its own; its distance from the site is always the same."""
    if index or base not in (None, "%rip"):
        raise OperandError(f"the operand {expression}({base}) cannot be found in memory")
    return Operand(names.distance(expression), _X86["rip"], memory=True)


def _x86_register(name: str) -> int:
    if name[1:] not in _X86:
        raise OperandError(f"the register {name} cannot be read")
    return _X86[name[1:]]


# --- aarch64 ---------------------------------------------------------------------------------

_ARM_REGISTER = re.compile(r"[xw](\d+)$")
_ARM_MEMORY = re.compile(
    r"\[\s*(\w+)\s*(?:,\s*(?:#?(-?\w+)|([xw]\d+))\s*(?:,\s*(?:lsl|[us]xt[wx])\s*#?(\d+)?\s*)?)?\]$"
)
_ARM_STACK, _ARM_PC = 31 * 8, 32 * 8


def _arm_operand(text: str, names: _Names) -> Operand | None:
    if text.startswith("["):
        return _arm_memory(text)
    value = _number(text.lstrip("#"))
    if value is not None:
        return Operand(value)
    if _ARM_REGISTER.match(text) or text in ("sp", "wsp", "xzr", "wzr", "lr", "fp"):
        return Operand() if text in ("xzr", "wzr") else Operand(base=_arm_register(text))
    if text[:1].isalpha() and _ARM_FLOAT.match(text) is None:
        return Operand(names.distance(text), base=_ARM_PC)
    raise OperandError(f"the register {text} cannot be read")


_ARM_FLOAT = re.compile(r"[bhsdqv]\d+")


def _arm_memory(text: str) -> Operand | None:
    found = _ARM_MEMORY.match(text)
    if not found:
        return None
    base, offset, index, shift = found.groups()
    if offset and _number(offset) is None:
        index, offset = offset, None
    return Operand(
        _number(offset or "0") or 0, _arm_register(base), _arm_register(index) if index else None,
        int(shift or 0), memory=True,
    )  # fmt: skip


def _arm_register(name: str) -> int:
    found = _ARM_REGISTER.match(name)
    if found and int(found[1]) < 31:
        return int(found[1]) * 8
    special = {"sp": _ARM_STACK, "wsp": _ARM_STACK, "fp": 29 * 8, "lr": 30 * 8}
    if name not in special:
        raise OperandError(f"the register {name} cannot be read")
    return special[name]


_READERS = {X86_64: _x86_operand, AARCH64: _arm_operand}
