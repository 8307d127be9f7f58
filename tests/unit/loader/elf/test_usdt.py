"""Notes of static probes, and every form of operand that assemblers write."""

from __future__ import annotations

import pytest
from aotrace.loader.elf import usdt
from aotrace.loader.elf.file import ElfFile
from aotrace.loader.elf.symbols import Symbols

from tests.support import elf_writer
from tests.support.elf_writer import TEXT_ADDRESS, Sym, usdt_note

_X86, _ARM = 62, 183
_AT = TEXT_ADDRESS + 8
_GLOBAL = Sym("glob", TEXT_ADDRESS + 32, 8, kind=1)


def _file(*notes: bytes, machine: int = _X86, base: bytes = b"") -> ElfFile:
    sections = [(".note.stapsdt", 7, b"".join(notes))]
    if base:
        sections.append((".stapsdt.base", 1, base))
    return ElfFile("x", elf_writer.build([_GLOBAL], sections=sections, machine=machine))


def _operand(text: str, machine: int = _X86) -> usdt.Operand:
    elf = _file(usdt_note("p", "n", text, _AT), machine=machine)
    (site,) = usdt.sites(elf)
    (found,) = usdt.operands(site, elf, Symbols(elf))
    return found


@pytest.mark.parametrize(
    ("text", "size", "signed", "constant", "base", "index", "scale", "memory"),
    [
        ("8@%rdi", 8, False, 0, 112, None, 0, False),
        ("-4@%edi", 4, True, 0, 112, None, 0, False),
        ("2@%di", 2, False, 0, 112, None, 0, False),
        ("-1@%dil", 1, True, 0, 112, None, 0, False),
        ("1@%ah", 1, False, 0, 81, None, 0, False),
        ("4@%r10d", 4, False, 0, 56, None, 0, False),
        ("1@%r15b", 1, False, 0, 0, None, 0, False),
        ("8@%rsp", 8, False, 0, 152, None, 0, False),
        ("4@$12345", 4, False, 12345, None, None, 0, False),
        ("-4@$-7", 4, True, -7, None, None, 0, False),
        ("8@$0x10", 8, False, 16, None, None, 0, False),
        ("-8@-16(%rbp)", 8, True, -16, 32, None, 0, True),
        ("4@(%rax)", 4, False, 0, 80, None, 0, True),
        ("8@8(%rdx,%rcx,4)", 8, False, 8, 96, 88, 2, True),
        ("8@(%rdx,%rcx)", 8, False, 0, 96, 88, 0, True),
        ("8@16(,%rbx,8)", 8, False, 16, None, 40, 3, True),
        ("4@glob(%rip)", 4, False, 24, 128, None, 0, True),
        ("4@glob+4(%rip)", 4, False, 28, 128, None, 0, True),
        ("4@-4+glob(%rip)", 4, False, 20, 128, None, 0, True),
        ("8@$glob", 8, False, 24, 128, None, 0, False),
        ("8@4096", 8, False, 4096, None, None, 0, True),
    ],
)
def test_x86(
    text: str, size: int, signed: bool, constant: int, base: int | None, index: int | None,
    scale: int, memory: bool,
) -> None:  # fmt: skip
    found = _operand(text)
    assert not found.unknown
    assert (found.size, found.signed, found.constant) == (size, signed, constant)
    assert (found.base, found.index, found.scale, found.memory) == (base, index, scale, memory)


@pytest.mark.parametrize(
    ("text", "size", "signed", "constant", "base", "index", "scale", "memory"),
    [
        ("8@x0", 8, False, 0, 0, None, 0, False),
        ("-4@w19", 4, True, 0, 152, None, 0, False),
        ("8@sp", 8, False, 0, 248, None, 0, False),
        ("4@wzr", 4, False, 0, None, None, 0, False),
        ("-4@-7", 4, True, -7, None, None, 0, False),
        ("4@#5", 4, False, 5, None, None, 0, False),
        ("8@[x29]", 8, False, 0, 232, None, 0, True),
        ("-4@[sp, 12]", 4, True, 12, 248, None, 0, True),
        ("8@[x1, #-8]", 8, False, -8, 8, None, 0, True),
        ("8@[x1, x2]", 8, False, 0, 8, 16, 0, True),
        ("8@[x1, x2, lsl 3]", 8, False, 0, 8, 16, 3, True),
        ("8@glob", 8, False, 24, 256, None, 0, False),
    ],
)
def test_aarch64(
    text: str, size: int, signed: bool, constant: int, base: int | None, index: int | None,
    scale: int, memory: bool,
) -> None:  # fmt: skip
    found = _operand(text, _ARM)
    assert not found.unknown
    assert (found.size, found.signed, found.constant) == (size, signed, constant)
    assert (found.base, found.index, found.scale, found.memory) == (base, index, scale, memory)


@pytest.mark.parametrize(
    ("text", "machine", "reason"),
    [
        ("8@%xmm0", _X86, "the register %xmm0 cannot be read"),
        ("8f@-8(%rbp)", _X86, "the operand 8f@-8(%rbp) is a floating-point number"),
        ("8@%fs:-16", _X86, "the operand %fs:-16 is in a segment"),
        ("8@nowhere(%rip)", _X86, "the file has no symbol nowhere, which an argument is at"),
        ("8@glob(%rbx)", _X86, "the operand glob(%rbx) cannot be found in memory"),
        ("3@%rax", _X86, "the operand 3@%rax has an odd size"),
        ("8@d0", _ARM, "the register d0 cannot be read"),
        ("8@[x1", _ARM, "the operand 8@[x1 is not known"),
        ("4@%eax", 3, "the file is for another machine"),
    ],
)
def test_unknown(text: str, machine: int, reason: str) -> None:
    assert _operand(text, machine).unknown == reason


def test_several_arguments() -> None:
    elf = _file(usdt_note("p", "n", "-4@[sp, 12] 8@x1 4@#3", _AT), machine=_ARM)
    (site,) = usdt.sites(elf)
    assert [o.size for o in usdt.operands(site, elf, Symbols(elf))] == [4, 8, 4]


def test_what_programs_look_up() -> None:
    packed = _operand("-8@8(%rdx,%rcx,4)").pack()
    assert packed == b"\x08\0\0\0\0\0\0\0" + b"\x61\0" + b"\x59\0" + b"\x02\x01\x08\x01"


def test_sites_and_their_counters() -> None:
    elf = _file(
        usdt_note("p", "a", "", _AT),
        usdt_note("p", "b", "", _AT + 4, semaphore=TEXT_ADDRESS + 48),
        elf_writer.note(b"stapsdt", 3, b"short"),
        elf_writer.note(b"GNU", 1, bytes(32)),
    )
    found = [(s.provider, s.name, s.address, s.counter) for s in usdt.sites(elf)]
    assert found == [("p", "a", _AT, 0), ("p", "b", _AT + 4, TEXT_ADDRESS + 48)]


def test_prelinked_files_were_moved() -> None:
    """What the note says of the base section's address differs from where that section is."""
    elf = _file(usdt_note("p", "n", "", _AT, base=0x1000, semaphore=0x2000), base=b"\0")
    base = elf.section(".stapsdt.base")
    assert base
    base.address = 0x1400
    (site,) = usdt.sites(elf)
    assert (site.address, site.counter) == (_AT + 0x400, 0x2400)
