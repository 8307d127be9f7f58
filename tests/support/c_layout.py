"""Layouts of C structs: as the compiler under test has them, and as gcc does.

gcc is asked by a program that prints sizes and offsets; where a bitfield lies is seen by setting
all its bits in zeroed memory.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from aotrace.compiler.cdecl.declare import declare_types
from aotrace.compiler.diagnostics import Diagnostics
from aotrace.compiler.kernel import btf_types as bt
from aotrace.compiler.kernel.btf import Btf
from aotrace.compiler.kernel.btf_kinds import BtfKind
from aotrace.compiler.kernel_types import find_struct

from tests.support.compiling import fake_sources, parse

PROLOGUE = "#include <stddef.h>\n#include <stdio.h>\n#include <string.h>\n"
_PROBE = """
static void bits(const char *name, const unsigned char *at, size_t size) {
    long first = -1, count = 0;
    for (size_t i = 0; i < size * 8; i++)
        if (at[i / 8] >> i % 8 & 1) { if (first < 0) first = i; count++; }
    printf("%s %ld %ld\\n", name, first, count);
}
"""


class Field(NamedTuple):
    """A member by its name; bits: (first, width) of a bitfield, else None; both count from 0."""

    name: str
    offset: int
    bits: tuple[int, int] | None


def declared(text: str, arch: str = "x86_64") -> Btf:
    """The BTF of the fake kernel with these definitions. Raises CompileError."""
    diagnostics = Diagnostics()
    program = parse(f"{text}\nbegin {{}}")
    btf = declare_types(program.definitions, fake_sources().btf, arch, diagnostics)
    diagnostics.stop_if_failed()
    return btf


def holder(name: str) -> str:
    """A struct that shows how much another is aligned: the offset of `it`."""
    return f"struct {name.replace(' ', '_')}_holder {{ char first; {name} it; }};"


def ours(text: str, names: list[str]) -> str:
    """One line for each size, offset and bitfield, as gccs() writes them."""
    btf = declared("\n".join([text, *map(holder, names)]))
    lines = []
    for name in names:
        tag, plain = name.split()
        struct = find_struct(btf, tag, plain)
        assert struct is not None
        lines.append(f"{name} {struct.size}")
        lines += [_line(name, each) for each in fields(btf, struct.type_id)]
        held = btf.find(BtfKind.STRUCT, f"{tag}_{plain}_holder")
        assert held is not None
        lines.append(f"{name} aligned {list(fields(btf, held))[1].offset}")
    return "\n".join(lines) + "\n"


def _line(struct: str, field: Field) -> str:
    if field.bits:
        return f"{struct}.{field.name} {field.bits[0]} {field.bits[1]}"
    return f"{struct}.{field.name} {field.offset}"


def fields(btf: Btf, type_id: int, start: int = 0) -> Iterator[Field]:
    """The members of a struct that have names, those of unnamed ones included."""
    struct = btf.resolve(type_id)
    assert isinstance(struct, bt.Struct)
    for member in struct.members:
        at = start + member.bit_offset
        if not member.name:
            yield from fields(btf, member.type_id, at)
        else:
            yield Field(member.name, at // 8, (at, member.bit_size) if member.bit_size else None)


def gccs(text: str, names: list[str], folder: Path) -> str:
    """The same lines from gcc. Raises CalledProcessError where it does not take the text."""
    btf = declared(text)
    body = []
    for name in names:
        struct = find_struct(btf, *name.split())
        assert struct is not None
        body.append(f'printf("{name} %zu\\n", sizeof({name}));')
        body += [_question(name, each) for each in fields(btf, struct.type_id)]
        held = holder(name).split()[1]
        body.append(f'printf("{name} aligned %zu\\n", offsetof(struct {held}, it));')
    program = "\n".join(
        [PROLOGUE, text, *map(holder, names), _PROBE, "int main(void) {", *body, "return 0; }"]
    )
    source, binary = folder / "layout.c", folder / "layout"
    source.write_text(program, encoding="utf-8")
    subprocess.run(["gcc", "-w", "-O0", "-o", binary, source], check=True, capture_output=True)
    return subprocess.run([binary], check=True, capture_output=True, text=True).stdout


def _question(struct: str, field: Field) -> str:
    shown = f"{struct}.{field.name}"
    if not field.bits:
        return f'printf("{shown} %zu\\n", offsetof({struct}, {field.name}));'
    return (
        f"{{ {struct} it; memset(&it, 0, sizeof it); it.{field.name} = -1;"
        f' bits("{shown}", (void *)&it, sizeof it); }}'
    )
