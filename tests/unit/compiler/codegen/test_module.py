"""Modules: what is shared, what is remembered for the object writer, what LLVM is told."""

from __future__ import annotations

import pytest
from aotrace.compiler.codegen.backend import optimise_and_emit
from aotrace.compiler.codegen.core import MAX_DIRECT_LOADS, Access, CoreError, RelocKind
from aotrace.compiler.codegen.errors import CodegenError
from aotrace.compiler.codegen.function import I32, I64, PTR
from aotrace.compiler.codegen.helpers import MapType
from aotrace.compiler.codegen.module import ModuleBuilder
from aotrace.compiler.kernel.btf import Btf
from aotrace.compiler.kernel.btf_kinds import BtfKind
from aotrace.compiler.source import Source, Span
from aotrace.runtime.values.aggregates import AvgKind
from aotrace.runtime.values.composite import ArrayKind, RecordKind
from aotrace.runtime.values.ints import IntKind
from aotrace.runtime.values.strings import StrKind

from tests.support.btf_writer import BtfWriter

SOURCE = Source('odd "name".bt', 'BEGIN\n{\n  printf("\\ é\t"); // \U0001f600\n}\n')
START = Span(SOURCE, 0, 5)
U64 = IntKind(8, False)


@pytest.fixture
def module() -> ModuleBuilder:
    return ModuleBuilder(SOURCE, "GPL")


def small_kernel() -> Btf:
    w = BtfWriter()
    w.integer("int", 4, "signed")
    w.struct("context", *[f"int field_{i}" for i in range(MAX_DIRECT_LOADS + 1)])
    return Btf.parse(w.build())


def test_settings_are_named_once_and_by_c_identifiers(module: ModuleBuilder) -> None:
    first = module.setting("$1", U64)
    assert module.setting("$1", U64) is first
    module.setting("--max-len", StrKind(16))
    module.setting("max_len", U64)
    symbols = module.fixups.settings
    assert list(symbols) == ["$1", "--max-len", "max_len"]
    assert len(set(symbols.values())) == 3
    assert all(symbol.isidentifier() for symbol in symbols.values())
    module.program("begin", "raw_tp", START)
    assert optimise_and_emit(module.finish()).object


def test_constants_are_shared(module: ModuleBuilder) -> None:
    assert module.constant_bytes(b"one") is module.constant_bytes(b"one")
    assert module.constant_bytes(b"one") is not module.constant_bytes(b"two")


def test_zeros_are_as_many_as_the_most_asked_for(module: ModuleBuilder) -> None:
    f = module.program("begin", "raw_tp", START)
    for size in (200, 1000, 400):
        f.zero(f.slot(size), size)
    assert "[1000 x i8] zeroinitializer" in module.finish()


def test_scratch_has_an_entry_for_each_function(module: ModuleBuilder) -> None:
    for number in range(3):
        module.program(f"begin_{number}", "raw_tp", START).slot(104 * (number + 1))
    text = module.finish()
    assert "count: 312)" in text
    assert "count: 3)" in text


def test_helpers_used_by_their_full_names(module: ModuleBuilder) -> None:
    f = module.program("begin", "raw_tp", START)
    f.helper("ktime_get_ns")
    f.helper("bpf_get_current_task")
    assert module.helpers_used == {"bpf_ktime_get_ns", "bpf_get_current_task"}


def test_narrow_arguments_are_zero_extended(module: ModuleBuilder) -> None:
    f = module.program("begin", "raw_tp", START)
    f.helper("ringbuf_reserve", f.ctx, I32(-1), 0)
    assert "zext i32 -1 to i64" in module.finish()


def test_direct_loads_are_numbered_by_function(module: ModuleBuilder) -> None:
    btf = small_kernel()
    root = btf.find(BtfKind.STRUCT, "context")
    assert root is not None
    fields = [Access(RelocKind.FIELD_BYTE_OFFSET, btf, root, (f"field_{i}",)) for i in range(3)]
    first = module.program("first", "raw_tp", START)
    second = module.program("second", "raw_tp", START)
    for f, asked in ((first, fields[:2]), (second, fields[1:]), (first, fields[:1])):
        for access in asked:
            f.core_load(f.ctx, access, I32)
    assert module.fixups.direct_loads == {
        "first": tuple(fields[:2]),
        "second": tuple(fields[1:]),
    }


def test_too_many_direct_loads(module: ModuleBuilder) -> None:
    btf = small_kernel()
    root = btf.find(BtfKind.STRUCT, "context")
    assert root is not None
    f = module.program("first", "raw_tp", START)
    kind = RelocKind.FIELD_BYTE_OFFSET
    *fields, last = [Access(kind, btf, root, (f"field_{i}",)) for i in range(MAX_DIRECT_LOADS + 1)]
    for access in fields:
        f.core_load(f.ctx, access, I32)
    with pytest.raises(CoreError, match="more than 512 fields"):
        f.core_load(f.ctx, last, I32)


def test_every_kind_of_value_has_a_type(module: ModuleBuilder) -> None:
    key = RecordKind(["name", "numbers"], [StrKind(5), ArrayKind(IntKind(2, True), 3)])
    module.map("at_key", MapType.HASH, key, AvgKind(True), 10)
    module.map("at_raw", MapType.ARRAY, None, 40, 1)
    f = module.program("begin", "raw_tp", START)
    f.return_(0)
    text = module.finish()
    assert 'name: "numbers"' in text
    assert 'name: "total"' in text
    assert optimise_and_emit(text).object


def test_the_script_is_quoted_whatever_it_holds(module: ModuleBuilder) -> None:
    module.program("begin", "raw_tp", START)
    text = module.finish()
    assert "\\5C \\C3\\A9\\09\\22" in text
    assert "odd \\22name\\22.bt" in text
    assert optimise_and_emit(text).object


def test_locations_return_to_the_outer_one(module: ModuleBuilder) -> None:
    f = module.program("begin", "raw_tp", START)
    outer = f.ir.debug_metadata
    with f.at(Span(SOURCE, 10, 16)):
        assert f.ir.debug_metadata is not outer
    assert f.ir.debug_metadata is outer
    f.at(Span(SOURCE, 10, 16))
    assert f.ir.debug_metadata is not outer


def test_subprograms_return_what_they_say(module: ModuleBuilder) -> None:
    pointer = module.subprogram("pointer", [("flag", I64)], PTR, START)
    pointer.slot(100)
    f = module.program("begin", "raw_tp", START)
    found = f.call(pointer, I64(1))
    with f.if_else(f.is_null(found)) as (null, there):
        with null:
            f.return_(0)
        with there:
            f.helper("ringbuf_submit", found, 0)
    assert optimise_and_emit(module.finish()).object


def test_text_is_the_same_each_time() -> None:
    def text() -> str:
        module = ModuleBuilder(SOURCE, "GPL")
        ring = module.map("events", MapType.RINGBUF, None, None, 4096)
        f = module.program("begin", "raw_tp", START)
        f.zero(f.slot(300), 300)
        f.helper("ringbuf_output", ring, module.constant_bytes(b"x" * 8), 8, 0)
        return module.finish()

    assert text() == text()


def test_errors_know_their_place_in_the_script(module: ModuleBuilder) -> None:
    btf = small_kernel()
    root = btf.find(BtfKind.STRUCT, "context")
    assert root is not None
    f = module.program("begin", "raw_tp", START)
    with f.at(Span(SOURCE, 10, 16)), pytest.raises(CoreError) as raised:
        f.core_value(Access(RelocKind.FIELD_BYTE_OFFSET, btf, root, ("nothing",)))
    assert (raised.value.line, raised.value.column) == (3, 3)


def test_more_memory_than_a_cpu_has(module: ModuleBuilder) -> None:
    f = module.program("begin", "raw_tp", START)
    f.slot(30000)
    with pytest.raises(CodegenError, match="33000 bytes of memory") as raised:
        f.slot(3000)
    assert raised.value.line == 1
