"""What C definitions give: types beside the kernel's, names, enumerators, text."""

from __future__ import annotations

import pytest
from aotrace.compiler.diagnostics import CompileError
from aotrace.compiler.kernel_types import field_names, field_of, find_named, find_struct, redefined
from aotrace.compiler.syntax.printer import print_program
from aotrace.compiler.types import Array, EnumType, Int, Pointer, Space, Str, Struct, Type

from tests.support.c_layout import declared
from tests.support.compiling import analyse, compile_, fake_sources, parse


def _field(definitions: str, name: str) -> Type:
    """The type of a field of `struct s`."""
    struct = find_struct(declared(definitions), "struct", "s")
    assert struct is not None
    found = field_of(struct, name)
    assert found is not None
    return found.type


@pytest.mark.parametrize(
    ("member", "expected"),
    [
        ("unsigned char f", Int(1, False)),
        ("short signed int f", Int(2, True)),
        ("long long unsigned f", Int(8, False)),
        ("_Bool f", Int(1, False)),
        ("char f[8]", Str(8)),
        ("unsigned char f[8]", Array(Int(1, False), 8)),
        ("signed char f[8]", Array(Int(1, True), 8)),
        ("int f[2][3]", Array(Array(Int(4, True), 3), 2)),
        ("char f[2][3]", Array(Str(3), 2)),
        ("u32 f", Int(4, False)),
        ("in_addr_t f", Int(4, False)),
        ("const volatile int f", Int(4, True)),
        ("int f : 3", Int(4, True)),
    ],
)
def test_types_of_members(member: str, expected: Type) -> None:
    assert _field(f"struct s {{ {member}; }};", "f") == expected


def test_pointers() -> None:
    for member in ("int *f", "int *const f", "int (*f)", "int *f"):
        assert _field(f"struct s {{ {member}; }};", "f") == Pointer(Int(4, True))
    assert str(_field("struct s { void (*f)(int, char *); };", "f")) == "void *"
    assert str(_field("struct s { int (*f)[4]; };", "f")) == "int32[4] *"
    assert str(_field("struct s { int *f[4]; };", "f")) == "int32 *[4]"
    assert str(_field("struct s { char **f; };", "f")) == "int8 * *"


def test_members_of_unnamed_members_have_offsets_from_the_start() -> None:
    btf = declared("struct s { int a; struct { int b; union { int c; char d[4]; }; }; };")
    struct = find_struct(btf, "struct", "s")
    assert struct is not None
    assert field_names(struct) == ["a", "b", "c", "d"]
    offsets = [field_of(struct, name).bit_offset // 8 for name in "abcd"]  # type: ignore[union-attr]
    assert offsets == [0, 4, 8, 8]


def test_a_pointer_to_a_kernels_struct_is_relocated_from_there() -> None:
    kind = _field("struct s { struct task_struct *task; };", "task")
    assert isinstance(kind, Pointer)
    assert isinstance(kind.target, Struct)
    assert kind.target.relocated
    assert kind.target.btf is fake_sources().btf
    embedded = _field("struct s { int a; struct in_addr b; };", "b")
    assert isinstance(embedded, Struct)
    assert embedded.relocated


def test_a_definition_counts_before_the_kernels() -> None:
    btf, kernel = declared("struct sock { int mine; };"), fake_sources().btf
    before = find_struct(kernel, "struct", "sock")
    after = find_struct(btf, "struct", "sock")
    assert before is not None
    assert after is not None
    assert (before.relocated, after.relocated) == (True, False)
    assert redefined(Pointer(before, Space.USER), btf) == Pointer(after, Space.USER)
    assert redefined(Array(before, 3), btf) == Array(after, 3)
    assert redefined(before, kernel) == before


def test_structs_that_point_to_each_other() -> None:
    text = "struct a { struct b *b; }; struct b { struct a *a; int n; }; struct s { struct a a; };"
    kind = _field(text, "a")
    assert isinstance(kind, Struct)
    pointer = field_of(kind, "b")
    assert pointer is not None
    assert isinstance(pointer.type, Pointer)
    assert isinstance(pointer.type.target, Struct)
    assert field_names(pointer.type.target) == ["a", "n"]


def test_a_typedef_before_its_struct() -> None:
    text = "typedef struct late late_t; struct late { int n; }; struct s { late_t a[2]; };"
    kind = _field(text, "a")
    assert isinstance(kind, Array)
    assert kind.size == 8


def test_enums() -> None:
    btf = declared("enum e { A, B = 5, C, D = -1 }; enum { LONE = 1 << 3 };")
    kind = find_named(btf, "enum", "e")
    assert isinstance(kind, EnumType)
    assert (kind.width, kind.signed) == (4, True)
    assert kind.enumerators == (("A", 0), ("B", 5), ("C", 6), ("D", -1))
    lone = btf.find_enumerator("LONE")
    assert lone is not None
    assert (lone.value, lone.enum_name) == (8, None)
    assert btf.find_enumerator("PIDTYPE_TGID") is not None


def test_a_scripts_enumerator_is_a_constant_of_the_build() -> None:
    analysis = analyse("enum e { PIDTYPE_TGID = 40 }; begin { @ = PIDTYPE_TGID + 2; }")
    assert 42 in [value for _, value in analysis.constants.items()]


def test_fixed_structs_leave_no_relocations() -> None:
    script = """struct s { int a : 3; long b; struct { char c[4]; } d[3]; };
    begin { $s = (struct s *)0; print(($s->a, $s->b, $s->d[1].c, sizeof(struct s))); }"""
    listing = compile_(script, listings=True).optimized_ir
    assert listing is not None
    assert "@core." not in listing


@pytest.mark.parametrize(
    "expression",
    ["sizeof(int) * 2", "(int)8", "1 ? 8 : 9", "010", "0x8", "0b1000", "'\\b'", "8UL", "~-9",
     "sizeof(long[1])", "EIGHT", "(7 | 8) - 7", "20 / 7 << 2", "sizeof(struct { long a; })",
     "-17 % 9 + 16", "!0 + 7", "7 + (3 > 2 && 2 >= 2)"],
)  # fmt: skip
def test_constant_expressions(expression: str) -> None:
    text = f"enum {{ EIGHT = 8 }}; struct s {{ int f[{expression}]; }};"
    assert _field(text, "f") == Array(Int(4, True), 8)


def test_macros_are_expanded_as_c_expands_them() -> None:
    script = """#define TWICE(x) x * 2
#define N 1 + 2
#define ATTRIBUTES __attribute__((packed))
struct s { char a[TWICE(N)]; int b; } ATTRIBUTES;
begin { }"""
    program = parse(script)
    assert "char a[1 + 2 * 2]" in program.definitions[0].text
    assert parse(print_program(program)) == program
    spans = [word.span.text for word in program.definitions[0].words if word.text == "2"]
    assert spans == ["TWICE", "TWICE"]


def test_a_message_stands_at_the_header_of_the_users_own(tmp_path: object) -> None:
    header = f"{tmp_path}/mine.h"
    with open(header, "w", encoding="utf-8") as file:
        file.write("#define X 1\n#if X\nstruct mine {\n  nosuch_t a;\n};\n#endif\n")
    with pytest.raises(CompileError) as caught:
        analyse(f'#include "{header}"\nbegin {{ }}')
    assert f"{header}:4:3: ERROR: unknown type `nosuch_t`\n  nosuch_t a;\n" in str(caught.value)
