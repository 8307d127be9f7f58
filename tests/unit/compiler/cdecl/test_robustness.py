"""Broken C definitions get messages, never exceptions."""

from __future__ import annotations

import contextlib

from aotrace.compiler.diagnostics import CompileError
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.c_layout import declared

_WORDS = (
    "struct union enum typedef int long unsigned char float void _Bool const u32 nosuch_t sock a"
    " b c { } ( ) [ ] ; ; ; , * : = 1 -1 08 3.5 + - ~ ! ? / << sizeof ... __attribute__ (( ))"
    " packed aligned _Alignas static 'x' \"s\" # @ \\ 99999999999999999999"
)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.sampled_from(_WORDS.split()), max_size=25))
def test_words_by_chance(words: list[str]) -> None:
    with contextlib.suppress(CompileError):
        declared(f"struct s {{ {' '.join(words)} }};")


def test_what_is_nested_without_end() -> None:
    for opening in ("(", "*", "-", "struct {", "int a[sizeof(", "int (*", "1 ? "):
        with contextlib.suppress(CompileError):
            declared(f"struct s {{ int a[{opening * 500}]; }};")
            declared(f"struct s {{ {opening * 500} }};")
            declared(f"struct s {{ int {opening * 500} }};")
