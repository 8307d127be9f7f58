"""The backend: what LLVM cannot compile becomes an error, and the worker goes on."""

from __future__ import annotations

import os

import pytest
from aotrace.compiler.codegen.backend import Backend, BackendError, explain, optimise_and_emit
from aotrace.compiler.codegen.function import I8, I64, PTR
from aotrace.compiler.codegen.module import DATA_LAYOUT, ModuleBuilder
from aotrace.compiler.source import Source, Span

HEAD = f'target triple = "bpfel"\ntarget datalayout = "{DATA_LAYOUT}"\n'
FINE = HEAD + "define i64 @f(ptr %c) { ret i64 0 }"
MEMORY = "declare void @llvm.memset.p0.i64(ptr, i8, i64, i1)\n"
CALL = "call void inttoptr (i64 4 to ptr)"
SIX = ", ".join(f"i64 %{name}" for name in "abcdef")

ABORTS = {
    "512 bytes of stack": (
        f"define i64 @f() {{ %a = alloca [600 x i8]\n {CALL}(ptr %a)\n ret i64 0 }}"
    ),
    "signed division": "define i64 @f(i64 %a, i64 %b) { %r = sdiv i64 %a, %b\n ret i64 %r }",
    "known at run time only": (
        f"define i64 @f(i64 %n) {{ %a = alloca i8, i64 %n\n {CALL}(ptr %a)\n ret i64 0 }}"
    ),
    "copies or clears more memory": MEMORY + (
        "define i64 @f(ptr %c) {\n"
        "call void @llvm.memset.p0.i64(ptr %c, i8 0, i64 4096, i1 0)\nret i64 0 }"
    ),
    "more than the 5 arguments": f"define i64 @f({SIX}) {{ %r = xor i64 %a, %f\n ret i64 %r }}",
    "a jump cannot reach": (
        "define i64 @f(i64 %c) { %t = icmp eq i64 %c, 0\n br i1 %t, label %a, label %b\na:\n"
        + "\n".join(f"{CALL}(i64 {number})" for number in range(17000))
        + "\nbr label %b\nb: ret i64 0 }"
    ),
}  # fmt: skip


@pytest.mark.parametrize("message", ABORTS)
def test_aborts_of_llvm_are_explained(message: str) -> None:
    with pytest.raises(BackendError, match=message) as raised:
        optimise_and_emit(HEAD + ABORTS[message])
    assert raised.value.hint


def test_worker_survives_what_it_cannot_compile() -> None:
    with Backend() as backend:
        first = backend.emit(FINE)
        for text in (HEAD + ABORTS["signed division"], "no module at all"):
            with pytest.raises(BackendError):
                backend.emit(text)
        assert backend.emit(FINE) == first


def test_error_names_the_line_of_the_script() -> None:
    source = Source("big.bt", "BEGIN\n{\n  print(1);\n}\n")
    module = ModuleBuilder(source, "GPL")
    f = module.program("begin", "raw_tp", Span(source, 0, 5))
    with f.at(Span(source, 10, 16)):
        big = f.ir.alloca(I8, 600)
        big.type = PTR
        f.helper("probe_read_kernel", big, 600, 0)
    with pytest.raises(BackendError) as raised:
        optimise_and_emit(module.finish())
    assert (raised.value.line, raised.value.column) == (3, 3)


def test_lines_that_make_a_program_too_long() -> None:
    source = Source("long.bt", "BEGIN\n{\n  print(1);\n  if (pid) { a(); }\n}\n")
    module = ModuleBuilder(source, "GPL")
    f = module.program("begin", "raw_tp", Span(source, 0, 5))
    then, end = f.new_block("then"), f.new_block("end")
    f.ir.cbranch(f.ir.icmp_unsigned("==", f.helper("get_current_pid_tgid"), I64(0)), then, end)
    for block, at, calls in ((then, 33, 11000), (end, 10, 100)):
        f.ir.position_at_end(block)
        with f.at(Span(source, at, at + 3)):
            for number in range(calls):
                f.helper("get_prandom_u32" if number % 2 else "ktime_get_ns")
                f.helper("map_lookup_elem", I64(1 << 40), I64(0))
        if block is then:
            f.ir.branch(end)
    f.return_(0)
    with pytest.raises(BackendError) as raised:
        optimise_and_emit(module.finish())
    assert (raised.value.line, raised.value.column) == (4, 14)
    assert "55504 instructions" in raised.value.message
    assert raised.value.hint.startswith("line 4 makes 55000, line 3 makes 500")


def test_unknown_complaints_are_quoted() -> None:
    error = explain("warning: odd\nLLVM ERROR: something new\nStack dump:\n")
    assert "LLVM ERROR: something new" in error.message
    assert "signal" not in error.message


def test_listings_on_demand() -> None:
    assert optimise_and_emit(FINE).assembly is None
    listed = optimise_and_emit(FINE, listings=True)
    assert listed.assembly is not None
    assert "exit" in listed.assembly
    assert listed.optimized_ir is not None
    assert "define" in listed.optimized_ir


def test_both_architectures_and_no_other() -> None:
    assert optimise_and_emit(FINE, "aarch64") == optimise_and_emit(FINE, "x86_64")
    with pytest.raises(BackendError, match="s390x"):
        optimise_and_emit(FINE, "s390x")


def test_closing_leaves_no_process_behind() -> None:
    backend = Backend()
    backend.emit(FINE)
    worker = backend._pid
    assert os.waitstatus_to_exitcode(backend.close()) == 0
    assert backend.close() == 0
    with pytest.raises(ChildProcessError):
        os.waitpid(worker, os.WNOHANG)


def test_long_arithmetic_is_not_turned_into_library_calls() -> None:
    """Byte after byte of zeros looks like a memset, which BPF has not."""
    source = Source("zero.bt", "BEGIN { }\n")
    module = ModuleBuilder(source, "GPL")
    f = module.program("begin", "raw_tp", Span(source, 0, 5))
    record = f.helper("ringbuf_reserve", f.params[0], 1024, 0)
    with f.if_(f.ir.not_(f.is_null(record))):
        for offset in range(400):
            f.ir.store(I8(0), f.offset(record, offset), align=1)
        f.helper("ringbuf_submit", record, I64(0))
    assert optimise_and_emit(module.finish()).object
