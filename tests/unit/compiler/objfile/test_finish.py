"""Finishing objects that LLVM made: what is mended, and what is refused."""

from __future__ import annotations

import struct

import pytest
from aotrace.compiler.codegen.backend import optimise_and_emit
from aotrace.compiler.codegen.core import DIRECT_BASE, Access, Fixups, RelocKind
from aotrace.compiler.codegen.function import I8, I32, I64, FunctionBuilder
from aotrace.compiler.codegen.module import ModuleBuilder
from aotrace.compiler.kernel.btf import Btf
from aotrace.compiler.kernel.btf_kinds import BtfKind
from aotrace.compiler.kernel.btf_types import DataSec
from aotrace.compiler.objfile.elf import Elf, read
from aotrace.compiler.objfile.errors import ObjectError
from aotrace.compiler.objfile.finish import finish
from aotrace.compiler.source import Source, Span
from aotrace.runtime.values.ints import IntKind

from tests.support.btf_writer import BtfWriter

SOURCE = Source("small.bt", "BEGIN { }\n")
START = Span(SOURCE, 0, 5)
LDX_W, LD_IMM64 = 0x61, 0x18


def write_kernel() -> Btf:
    w = BtfWriter()
    w.integer("int", 4, "signed")
    w.enum64("wide", {"MANY": 0x123456789ABCDEF0})
    w.struct("context", "int first", "int second", "int third")
    return Btf.parse(w.build())


KERNEL = write_kernel()


def field(name: str) -> Access:
    root = KERNEL.find(BtfKind.STRUCT, "context")
    assert root is not None
    return Access(RelocKind.FIELD_BYTE_OFFSET, KERNEL, root, (name,))


class Made:
    """A module with one program, what LLVM made of it, and what it says to the writer."""

    def __init__(self) -> None:
        self.module = ModuleBuilder(SOURCE, "GPL")
        self.f: FunctionBuilder = self.module.program("program", "raw_tp", START)

    def finish(self, fixups: Fixups | None = None) -> Elf:
        emitted = optimise_and_emit(self.module.finish())
        return read(finish(emitted.object, fixups or self.module.fixups, lambda _: b"{}"))


def instructions(elf: Elf) -> list[tuple[int, int, int]]:
    """(opcode, offset, immediate) of the program's instructions."""
    return [(i[0], i[2], i[3]) for i in struct.iter_unpack("<BBhi", elf.section("raw_tp").data)]


def test_immediates_hold_the_hosts_answer() -> None:
    made = Made()
    root = KERNEL.find(BtfKind.ENUM64, "wide")
    assert root is not None
    many = Access(RelocKind.ENUMVAL_VALUE, KERNEL, root, ("MANY",))
    made.f.ir.store(made.f.core_value(field("third")), made.module.counter("offset"))
    made.f.ir.store(made.f.core_value(many), made.module.counter("wide"))
    elf = made.finish()
    code = instructions(elf)
    pairs = [(code[i][2], code[i + 1][2]) for i, each in enumerate(code) if each[0] == LD_IMM64]
    assert (8, 0) in pairs
    assert (0x9ABCDEF0 - (1 << 32), 0x12345678) in pairs
    assert not [symbol for symbol in elf.symbols if symbol.name.startswith("core.")]
    named = {r.symbol.name for r in elf.section("raw_tp").relocations}
    assert named == {"offset", "wide"}


def test_direct_loads_hold_the_hosts_offset() -> None:
    made = Made()
    for name in ("third", "second"):
        loaded = made.f.core_load(made.f.ctx, field(name), I32)
        made.f.ir.store(made.f.ir.zext(loaded, I64), made.module.counter(name))
    loads = [offset for opcode, offset, _ in instructions(made.finish()) if opcode == LDX_W]
    assert sorted(loads) == [4, 8]


def test_relocations_are_recorded_with_their_section() -> None:
    made = Made()
    made.f.ir.store(made.f.core_value(field("second")), made.module.counter("offset"))
    elf = made.finish()
    ext = elf.section(".BTF.ext").data
    header, core_at, core_size = (struct.unpack_from("<I", ext, at)[0] for at in (4, 24, 28))
    record_size, _, count, offset, type_id, _, kind = struct.unpack_from(
        "<7I", ext, header + core_at
    )
    assert (record_size, count, kind) == (16, 1, RelocKind.FIELD_BYTE_OFFSET)
    assert core_size == 4 + 8 + 16
    assert instructions(elf)[offset // 8][0] == LD_IMM64
    assert Btf.parse(bytes(elf.section(".BTF").data)).type(type_id).name == "context"


def test_stray_offsets_are_refused() -> None:
    made = Made()
    pointer = made.f.offset(made.f.ctx, DIRECT_BASE + 5)
    made.f.ir.store(made.f.load(pointer, 1), made.f.slot(8))
    made.f.helper("trace_printk", made.f.ctx, made.f.ir.zext(made.f.load(pointer, 1), I64))
    with pytest.raises(ObjectError, match="program: LLVM moved a relocated offset \\(-0x7ffb\\)"):
        made.finish()


def test_stores_at_relocated_offsets_are_refused() -> None:
    made = Made()
    made.f.core_load(made.f.ctx, field("first"), I32)
    made.f.ir.store(I8(1), made.f.offset(made.f.ctx, DIRECT_BASE))
    with pytest.raises(ObjectError, match="-0x8000"):
        made.finish()


def test_folded_values_are_refused() -> None:
    """A table of relocatable values would be data, which nobody relocates."""
    made = Made()
    table = made.module.counter("table")
    table.initializer = made.f.core_value(field("second"))
    table.section = ".data"
    with pytest.raises(ObjectError, match=r"core\.0"):
        made.finish()


def test_undefined_symbols_are_refused() -> None:
    made = Made()
    made.f.ir.store(made.f.core_value(field("second")), made.module.counter("offset"))
    text = made.module.finish().replace("core.0", "score.0")
    with pytest.raises(ObjectError, match=r"`score\.0` undefined"):
        finish(optimise_and_emit(text).object, made.module.fixups, lambda _: b"")


def test_settings_are_found_in_rodata() -> None:
    made = Made()
    module = made.module
    module.constant_bytes(b"something that comes first")
    made.f.helper("trace_printk", module.constant_bytes(b"something that comes first"), 8)
    for name, size in (("$1", 8), ("$2", 4), ("target_pid", 8)):
        module.setting(name, IntKind(size, False))
    seen: dict[str, int] = {}
    emitted = optimise_and_emit(module.finish())

    def describe(settings: dict[str, int]) -> bytes:
        seen.update(settings)
        return b"described"

    elf = read(finish(emitted.object, module.fixups, describe))
    assert elf.section(".aotrace").data == b"described"
    assert list(seen) == ["$1", "$2", "target_pid"]
    at = {symbol.name: symbol.value for symbol in elf.symbols}
    assert seen == {name: at[symbol] for name, symbol in module.fixups.settings.items()}
    assert len(set(seen.values())) == 3
    data = elf.section(".rodata").data
    assert all(data[offset : offset + 8] == bytes(8) for offset in seen.values())


def test_missing_setting_is_told() -> None:
    made = Made()
    with pytest.raises(ObjectError, match=r"settings \$1"):
        made.finish(Fixups(settings={"$1": "setting_1"}))


def test_only_needed_sections_and_symbols_stay() -> None:
    made = Made()
    with made.f.if_(made.f.is_null(made.f.ctx)):
        made.f.helper("trace_printk", made.f.ctx, 8)
    elf = made.finish()
    names = [section.name for section in elf.sections]
    assert names == ["raw_tp", "license", ".BTF", ".BTF.ext", ".aotrace"]
    assert [symbol.name for symbol in elf.symbols] == ["program"]


def test_a_section_of_nameless_constants_is_not_described() -> None:
    """Kernels before 5.13 refuse the BTF of a section without variables."""
    made = Made()
    slot = made.f.slot(200)
    made.f.zero(slot, 200)
    made.f.helper("trace_printk", slot, 200)
    elf = made.finish()
    btf = Btf.parse(bytes(elf.section(".BTF").data))
    found = [btf.type(number) for number in range(1, btf.type_count)]
    sections = [item for item in found if isinstance(item, DataSec)]
    assert elf.section(".rodata").size >= 200
    assert ".rodata" not in [section.name for section in sections]
    assert all(section.entries for section in sections)
