"""Types, parameters and lines of compiled programs, by their DWARF."""

from __future__ import annotations

import subprocess
from contextlib import suppress
from pathlib import Path
from random import Random

import pytest
from aotrace.compiler.arch import ARCHES
from aotrace.compiler.binaries import calls
from aotrace.compiler.binaries.dwarf import Dwarf, DwarfError
from aotrace.compiler.binaries.file import File
from aotrace.compiler.binaries.lines import address_of
from aotrace.compiler.binaries.types import BinaryBtf
from aotrace.compiler.kernel import btf_types as bt
from aotrace.compiler.kernel.btf_kinds import BtfKind
from aotrace.compiler.kernel.errors import KernelDataError
from aotrace.compiler.kernel_types import field_names, field_of, find_struct, type_of
from elftools.elf.elffile import ELFFile

from tests.support.compiling import fake_sources

pytestmark = pytest.mark.needs("gcc")

_SOURCE = """
enum color { RED, GREEN = 5 };
enum sign { MINUS = -1, PLUS };
typedef unsigned char byte;
struct later;
struct record {
  int x;
  char name[16];
  struct { short a; int b; };
  struct record *next;
  struct later *unknown;
  unsigned low : 3;
  int high : 5;
  enum color color;
  enum sign sign;
  byte raw[4];
  signed char plain[2];
  int grid[2][3];
  double real;
  void (*function)(int);
  const volatile long fixed;
};
struct one { int a; };
struct two { long a, b; };
struct three { long a, b, c; };
struct floats { float a, b; };
struct mixed { double d; int i; };

int scalars(int a, char b, unsigned long c, _Bool d, enum sign e, struct record *f) { return a; }
int many(int a, int b, int c, int d, int e, int f, short g, long h, char i, char j) { return a; }
int reals(float a, int b, double c, long double d, int e) { return b; }
int values(struct one a, struct two b, struct three c, struct floats d, struct mixed e, int f)
{ return a.a; }
struct three big(int a) { struct three t = {a}; return t; }
__int128 wide(__int128 a, int b) { return a + b; }
int unnamed(int a,
            int b)
{
  a += b;
  return a;
}
int main(void) { return 0; }
"""


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("binaries"), "-g")


def build(folder: Path, *flags: str) -> Path:
    source, built = folder / "program.c", folder / "program"
    source.write_text(_SOURCE)
    subprocess.run(["gcc", *flags, "-O0", str(source), "-o", str(built)], check=True)
    return built


@pytest.fixture(scope="module")
def types(program: Path) -> BinaryBtf:
    return BinaryBtf(File(str(program), ARCHES["x86_64"]), fake_sources().btf)


# --- types -----------------------------------------------------------------------------------


def test_fields(types: BinaryBtf) -> None:
    record = find_struct(types, "struct", "record")
    assert record
    assert not record.relocated
    kinds = {
        name: str(field.type) for name in field_names(record) if (field := field_of(record, name))
    }
    assert kinds == {
        "x": "int32", "name": "string[16]", "a": "int16", "b": "int32", "next": "struct record *",
        "unknown": "struct later *", "low": "uint32", "high": "int32", "color": "uint32",
        "sign": "int32", "raw": "uint8[4]", "plain": "string[2]", "grid": "int32[2][3]",
        "real": "none", "function": "void *", "fixed": "int64",
    }  # fmt: skip


def test_offsets_are_the_compilers(types: BinaryBtf, tmp_path: Path) -> None:
    record = find_struct(types, "struct", "record")
    assert record
    plain = [n for n in field_names(record) if not (f := field_of(record, n)) or not f.bits]
    asks = "".join(f'printf("%zu\\n", offsetof(struct record, {name}));' for name in plain)
    source = tmp_path / "offsets.c"
    source.write_text(
        "#include <stddef.h>\n#include <stdio.h>\n"
        + _SOURCE.replace("int main(void) { return 0; }", f"int main(void) {{ {asks} }}")
    )
    subprocess.run(["gcc", "-w", str(source), "-o", str(tmp_path / "offsets")], check=True)
    told = subprocess.run([tmp_path / "offsets"], capture_output=True, text=True).stdout.split()
    found = [field_of(record, name) for name in plain]
    assert [field.bit_offset // 8 for field in found if field] == list(map(int, told))


def test_bitfields(types: BinaryBtf) -> None:
    record = find_struct(types, "struct", "record")
    assert record
    low, high = field_of(record, "low"), field_of(record, "high")
    assert low
    assert high
    assert (low.bits, high.bits) == (3, 5)
    assert high.bit_offset == low.bit_offset + 3


def test_enums_by_name(types: BinaryBtf) -> None:
    """By its name it is an enum, as a field it is the number that bpftrace makes of it."""
    type_id = types.find(BtfKind.ENUM, "sign")
    assert type_id
    found = types.type(type_id)
    assert isinstance(found, bt.Enum)
    assert (found.signed, [tuple(v) for v in found.values]) == (True, [("MINUS", -1), ("PLUS", 0)])


def test_what_the_file_does_not_have_is_the_kernels(types: BinaryBtf) -> None:
    kernels = find_struct(types, "struct", "sock")
    assert kernels
    assert kernels.relocated
    assert types.find(BtfKind.STRUCT, "no_such_struct") is None


def test_nothing_is_read_before_it_is_asked_for(tmp_path: Path) -> None:
    unread = BinaryBtf(File("/no/such/file", ARCHES["x86_64"]), fake_sources().btf)
    assert not unread.used
    assert unread.find(BtfKind.STRUCT, "sock")
    assert not unread.used


# --- parameters ------------------------------------------------------------------------------


def _passed(types: BinaryBtf, function: str, arch: str) -> list[str]:
    """Each parameter: rN for the register of argument N, sN: N bytes up the stack, -: neither."""
    die = types._file.dwarf.function(function)
    found = []
    for each in calls.parameters(types, die, ARCHES[arch]):
        place = "-"
        if each.register is not None:
            place = f"r{ARCHES[arch].arguments.index(each.register)}"
        elif each.stack is not None:
            place = f"s{each.stack}"
        found.append(place + ("*" if each.indirect else ""))
    return found


@pytest.mark.parametrize(
    ("function", "x86_64", "aarch64"),
    [
        ("scalars", "r0 r1 r2 r3 r4 r5", "r0 r1 r2 r3 r4 r5"),
        ("many", "r0 r1 r2 r3 r4 r5 s8 s16 s24 s32", "r0 r1 r2 r3 r4 r5 r6 r7 s0 s8"),
        ("reals", "- r0 - s8 r1", "- r0 - - r1"),
        ("values", "r0 - s8 - - r4", "r0 - r3* - - r6"),
        ("big", "r1", "r0"),
        ("wide", "- r2", "- r2"),
    ],
)
def test_parameters(types: BinaryBtf, function: str, x86_64: str, aarch64: str) -> None:
    assert _passed(types, function, "x86_64") == x86_64.split()
    assert _passed(types, function, "aarch64") == aarch64.split()


def test_types_of_parameters(types: BinaryBtf) -> None:
    die = types._file.dwarf.function("scalars")
    found = calls.parameters(types, die, ARCHES["x86_64"])
    assert [(p.name, str(type_of(types, p.type_id))) for p in found] == [
        ("a", "int32"), ("b", "int8"), ("c", "uint64"), ("d", "uint8"), ("e", "int32"),
        ("f", "struct record *"),
    ]  # fmt: skip


# --- lines -----------------------------------------------------------------------------------


def _line(text: str) -> int:
    return next(n for n, line in enumerate(_SOURCE.splitlines(), 1) if text in line)


def test_lines(program: Path) -> None:
    dwarf = Dwarf(str(program))
    start = dwarf.symbol("unnamed")
    opening, adding = _line("            int b)") + 1, _line("a += b")
    inside = address_of(dwarf, "program.c", adding, 0)
    assert start == address_of(dwarf, "program.c", opening, 0)
    assert start < inside < address_of(dwarf, str(program) + ".c", adding + 1, 0)


@pytest.mark.parametrize(
    ("file", "line", "column", "message"),
    [
        ("other.c", 1, 0, "was not made of a source called other.c"),
        ("rogram.c", 1, 0, "was not made of a source called rogram.c"),
        ("program.c", 1, 0, "no instruction of .* begins program.c:1"),
        ("program.c", 40, 99, "no instruction of .* begins program.c:40:99"),
    ],
)
def test_no_such_line(program: Path, file: str, line: int, column: int, message: str) -> None:
    with pytest.raises(DwarfError, match=message):
        address_of(Dwarf(str(program)), file, line, column)


# --- files -----------------------------------------------------------------------------------


def test_debug_file(program: Path, tmp_path: Path) -> None:
    """What was stripped is found beside the file."""
    stripped, debug = tmp_path / "program", tmp_path / "program.debug"
    subprocess.run(["objcopy", "--only-keep-debug", program, debug], check=True)
    subprocess.run(["objcopy", "--strip-debug", program, stripped], check=True)
    subprocess.run(["objcopy", f"--add-gnu-debuglink={debug}", stripped], check=True, cwd=tmp_path)
    assert Dwarf(str(stripped)).function("scalars")
    debug.unlink()
    with pytest.raises(DwarfError, match="has no DWARF"):
        Dwarf(str(stripped))


def test_identity(program: Path, tmp_path: Path) -> None:
    assert File(str(program), ARCHES["x86_64"]).identity() == {
        "build_id": Dwarf(str(program)).build_id
    }
    bare = build(tmp_path, "-g", "-Wl,--build-id=none")
    assert set(File(str(bare), ARCHES["x86_64"]).identity()) == {"sha256"}


@pytest.mark.parametrize(
    ("binary", "arch", "message"),
    [
        ("", "x86_64", "the file is not known at build time"),
        ("/bin/*", "x86_64", "the file is not known at build time"),
        ("/no/such", "x86_64", "there is no file /no/such on this machine"),
        ("PROGRAM", "aarch64", "is for another machine"),
    ],
)
def test_files_that_cannot_be_read(program: Path, binary: str, arch: str, message: str) -> None:
    with pytest.raises(DwarfError, match=message):
        _ = File(binary.replace("PROGRAM", str(program)), ARCHES[arch]).dwarf


@pytest.mark.parametrize("seed", range(24))
def test_damaged_dwarf(program: Path, tmp_path: Path, seed: int) -> None:
    """Whatever is in the sections, the error is ours."""
    image, random = bytearray(program.read_bytes()), Random(seed)
    with program.open("rb") as file:
        names = (".debug_info", ".debug_abbrev", ".debug_line", ".debug_str", ".debug_aranges")
        sections = [
            section for name in names if (section := ELFFile(file).get_section_by_name(name))
        ]
        places = [(s["sh_offset"], s["sh_size"]) for s in sections]
    for _ in range(20):
        start, size = random.choice(places)
        image[start + random.randrange(size)] = random.randrange(256)
    broken = tmp_path / "broken"
    broken.write_bytes(image)
    with suppress(KernelDataError):
        types = BinaryBtf(File(str(broken), ARCHES["x86_64"]), fake_sources().btf)
        die = types._file.dwarf.function("scalars")
        for each in calls.parameters(types, die, ARCHES["x86_64"]) if die else ():
            type_of(types, each.type_id)
        record = find_struct(types, "struct", "record")
        for name in field_names(record) if record else ():
            field_of(record, name)  # type: ignore[arg-type]
        address_of(types._file.dwarf, "program.c", 38, 0)


def test_a_function_in_parts(tmp_path: Path) -> None:
    """An optimiser puts what is hardly ever run elsewhere: the function then has ranges."""
    source, built = tmp_path / "parts.c", tmp_path / "parts"
    source.write_text("""
        #include <stdlib.h>
        __attribute__((cold, noinline)) void bad(int n) { abort(); }
        __attribute__((noipa)) int work(int n) { if (n < 0) { bad(n); bad(n + 1); } return n; }
        int main(void) { return work(0); }
    """)
    flags = ["-g", "-O2", "-freorder-blocks-and-partition"]
    subprocess.run(["gcc", "-w", *flags, source, "-o", built], check=True)
    die = Dwarf(str(built)).function("work")
    assert die
    assert "DW_AT_ranges" in die.attributes
