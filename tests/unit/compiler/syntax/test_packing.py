"""#pragma pack: what holds where."""

from __future__ import annotations

import pytest
from aotrace.compiler.syntax import packing

from tests.support.compiling import analyse


@pytest.mark.parametrize(
    ("pragma", "valid"),
    [("pack(1)", True), ("pack()", True), ("pack(push)", True), ("pack(push, 4)", True),
     ("pack(pop)", True), ("pack(push, name, 2)", True), ("pack ( 16 )", True), ("pack(3)", False),
     ("pack(32)", False), ("pack", False), ("pack(1", False)],
)  # fmt: skip
def test_what_can_be_followed(pragma: str, valid: bool) -> None:
    assert packing.is_valid(pragma) is valid


def test_pushed_and_popped() -> None:
    packs = packing.follow(
        [(10, "pack(push, 1)"), (20, "pack(push)"), (30, "pack(4)"), (40, "pack(pop)"),
         (50, "pack(pop)"), (60, "pack(pop)")]
    )  # fmt: skip
    assert [packing.at(packs, offset) for offset in (0, 15, 25, 35, 45, 55, 65)] == [
        0, 1, 1, 4, 1, 0, 0,
    ]  # fmt: skip


STRUCTS = """
#pragma pack(push, 1)
struct a { char c; int i; short s; long l; };
struct n { char x; struct { char c; long l; } in; int b : 3; int d : 30; };
#pragma pack(2)
struct b { char c; int i; long l; };
#pragma pack(pop)
struct d { char c; int i; long l; };
#pragma pack(4)
union u { char c; long l; };
struct e { char c; long l; struct { char c; double *p; } *q; };
#pragma pack()
"""


def test_as_gcc_lays_them_out() -> None:
    """The figures are gcc's."""
    sizes = {"a": 15, "n": 15, "b": 14, "d": 16, "u": 8, "e": 20}
    body = "".join(
        f"if comptime (sizeof({'union' if name == 'u' else 'struct'} {name}) != {size})"
        f" {{ print(no_{name}()); }}"
        for name, size in sizes.items()
    )
    analyse(f"{STRUCTS}begin {{ print(1); {body} }}")
