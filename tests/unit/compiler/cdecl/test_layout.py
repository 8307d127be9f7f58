"""Layouts of structs and unions, against gcc: a table of what C has, and structs by chance."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from aotrace.compiler.cdecl.layout import RULES, Slot, lay_out
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.c_layout import gccs, ours

TABLE = """
struct plain { char a; int b; char c; long d; short e; };
struct packed { char a; int b; char c; long d; } __attribute__((packed));
struct __attribute__((packed)) packed_before { char a; double b; };
struct some_packed { char a; int b __attribute__((packed)); char c; int d; };
struct aligned { char a; } __attribute__((aligned(32)));
struct most_aligned { char a; } __attribute__((aligned));
struct member_aligned { char a; int b __attribute__((aligned(16))); char c; };
struct packed_aligned { char a; int b; } __attribute__((packed, aligned(4)));
struct with_alignas { char a; _Alignas(8) char b; };
struct bits { unsigned int a : 3, b : 5; int c : 4; unsigned long d : 40; char e; };
struct straddles { unsigned int a : 20; unsigned int b : 20; unsigned char c : 5, d : 5; };
struct mixed_bits { char a; int b : 9; short c : 9; long d : 33; char e : 1; };
struct unnamed_bits { unsigned a : 3; unsigned : 5; unsigned b : 3; unsigned : 0; unsigned c : 1; };
struct zero_bits { char a; int : 0; char b; long : 0; char c; };
struct packed_bits { char a; int b : 13; long c : 50; short d : 3; } __attribute__((packed));
struct packed_zero { char a : 3; int : 0; char b : 3; } __attribute__((packed));
struct bool_bits { _Bool a : 1; _Bool b : 1; unsigned char c : 6; _Bool d; };
struct aligned_bits { int a : 3; int b : 3 __attribute__((aligned(4))); };
struct after_bits { int a : 3; char b; int c : 25; };
union mixed { char a; int b; long c; char d[13]; };
union union_bits { int a : 3; long b : 33; char c; };
union packed_union { char a[5]; int b; } __attribute__((packed));
struct nested { char a; struct { char b; int c; } d; union { long e; char f; } g; char h; };
struct anonymous { char a; struct { int b; union { short c; char d[3]; }; }; char e; };
struct inner { char a; short b; } __attribute__((packed));
struct outer { char a; struct inner b; int c; struct inner d[3]; long e; };
struct arrays { char a[3]; int b[2][3]; short c[2][2][2]; struct inner d[2]; char *e[4]; };
struct pointers { char a; void *b; int (*c)(int, char *); int (*e)[4]; int *(*f[2])(void); };
struct sizes { char a[sizeof(struct inner) + sizeof(int *)]; short b[1 << 2 | 1]; char c['\\n']; };
enum small { SMALL_A, SMALL_B = 5 };
enum negative { NEGATIVE = -1 };
enum large { LARGE = 0x100000000 };
enum __attribute__((packed)) tiny { TINY = 200 };
struct enums { char a; enum small b; char c; enum negative d; enum large e; enum tiny f; };
struct enum_bits { enum small a : 3; enum negative b : 2; };
struct counted { char a[SMALL_B * 2 - 1]; int b[NEGATIVE + 3]; };
typedef struct { char a; long b; } typedefed;
typedef int unaligned __attribute__((aligned(2)));
typedef int overaligned __attribute__((aligned(16)));
struct typedefs { char a; typedefed b; char c; unaligned d; char e; overaligned f; };
struct flexible { int a; char b[]; };
struct zero_length { char a; long b[0]; };
struct floats { char a; float b; char c; double d; char e; long double f; };
struct widest { char a; __int128 b; };
struct chain { struct chain *next; struct later *later; };
struct later { struct chain chain; int a; };
struct qualified { const volatile unsigned char a; const char *const restrict b; };
struct words { long unsigned int a; short int unsigned b; signed c; unsigned d; long long int e; };
"""
NAMES = [
    f"{line.split()[0]} {line.split('{')[0].split()[-1]}"
    for line in TABLE.splitlines()
    if line.startswith(("struct", "union"))
]


@pytest.mark.needs("gcc")
def test_layouts_are_gccs(tmp_path: Path) -> None:
    assert ours(TABLE, NAMES) == gccs(TABLE, NAMES, tmp_path)


_TYPES = ("char", "unsigned char", "short", "unsigned short", "int", "unsigned", "long",
          "unsigned long", "_Bool")  # fmt: skip
_WIDTH = {"char": 8, "short": 16, "int": 32, "long": 64, "unsigned": 32, "_Bool": 1}


@st.composite
def _member(draw: st.DrawFn, number: int, depth: int) -> str:
    """One member of a struct, with all that may decide where it lies."""
    name, kind = f"m{number}", draw(st.sampled_from(_TYPES))
    attribute = draw(st.sampled_from(
        ["", "", "", "", " __attribute__((packed))", " __attribute__((aligned(8)))"]
    ))  # fmt: skip
    form = draw(
        st.sampled_from(["plain", "plain", "bits", "bits", "gap", "array", "pointer", "nest"])
    )
    if form == "bits":
        width = draw(st.integers(1, _WIDTH[kind.split()[-1]]))
        return f"{kind} {name} : {width}{attribute};"
    if form == "gap":
        return f"{kind} : {draw(st.integers(0, _WIDTH[kind.split()[-1]]))};"
    if form == "array":
        sizes = draw(st.lists(st.integers(1, 5), min_size=1, max_size=3))
        return f"{kind} {name}{''.join(f'[{size}]' for size in sizes)}{attribute};"
    if form == "pointer":
        return f"{kind} *{name}{attribute};"
    if form == "nest" and depth:
        body = draw(_body(number * 10 + 10, depth - 1))
        return f"{body} {draw(st.sampled_from(['', name]))};"
    return f"{kind} {name}{attribute};"


@st.composite
def _body(draw: st.DrawFn, first: int, depth: int) -> str:
    tag = draw(st.sampled_from(["struct", "struct", "struct", "union"]))
    count = draw(st.integers(1, 6))
    members = [draw(_member(first + i, depth)) for i in range(count)]
    named = draw(st.sampled_from(_TYPES))
    attributes = draw(st.sampled_from(["", "", "", "packed", "aligned(2)", "packed, aligned(4)"]))
    suffix = f" __attribute__(({attributes}))" if attributes else ""
    return f"{tag} {{ {' '.join(members)} {named} last{first}; }}{suffix}"


@st.composite
def _structs(draw: st.DrawFn) -> list[str]:
    bodies = draw(st.lists(_body(10, 2), min_size=6, max_size=12))
    return [
        body.replace("{", f"s{i} {{", 1) for i, body in enumerate(bodies)
    ]  # fmt: skip


@pytest.mark.needs("gcc")
@settings(max_examples=25, deadline=None)
@given(_structs())
def test_layouts_by_chance_are_gccs(structs: list[str]) -> None:
    text = "\n".join(f"{struct};" for struct in structs)
    names = [" ".join(struct.split()[:2]) for struct in structs]
    with tempfile.TemporaryDirectory() as folder:
        assert ours(text, names) == gccs(text, names, Path(folder))


def test_unnamed_bitfields_align_on_arm_alone() -> None:
    slots = [Slot(1, 1), Slot(8, 8, bits=3, named=False)]
    assert lay_out(slots, False, rules=RULES["x86_64"]).align == 1
    assert lay_out(slots, False, rules=RULES["aarch64"]).align == 8
