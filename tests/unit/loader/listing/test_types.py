"""Definitions taken out of what libbpf printed."""

from __future__ import annotations

from aotrace.loader.listing.types import _definitions

DUMPED = """typedef int pid_t;

struct empty {};

struct outer {
\tunion {
\t\tint a;
\t\tlong b;
\t};
\tstruct inner *next;
};

enum color {
\tRED = 0,
};

struct packed {
\tchar c;
} __attribute__((packed));
"""


def test_each_definition_is_whole() -> None:
    found = dict(_definitions(DUMPED))
    assert list(found) == ["struct outer", "enum color", "struct packed"]
    assert found["enum color"] == "enum color {\n\tRED = 0,\n};\n"
    assert found["struct outer"].count("\n") == 7
