"""docs/compatibility.md lists every section of the reference, with a state and its tests."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[3]
PAGE = (PROJECT / "docs/compatibility.md").read_text(encoding="utf-8")
HEADING = "## Sections of the language reference"
FOLDERS = {
    "D": ("tests/differential/scripts", ".txt"),
    "R": ("tests/golden/rejected", ".txt"),
    "S": ("tests/golden/syntax", ".txt"),
    "L": ("tests/live", ".py"),
    "C": ("tests/live/cases", ".bt"),
    "K": ("tests/kernels", ".py"),
    "U": ("tests/unit", ".py"),
}
#: the file is one case
WHOLE = ("S", "C")
#: of bpftrace 0.27's docs/language.md: section, and what it is divided into
SECTIONS = {
    "Action Blocks": "",
    "Arguments": "argN; args",
    "Arrays": "",
    "Command Line Parameters": "Named Parameters; Positional Parameters",
    "Comments": "",
    "Conditionals": "",
    "Config Block": "",
    "Config Variables": "cache_user_symbols; cpp_demangle; lazy_symbolication; license; log_size;"
    " max_bpf_progs; max_cat_bytes; max_map_keys; max_probes; max_strlen; missing_probes;"
    " on_stack_limit; perf_rb_pages; show_debug_info; stack_mode; str_trunc_trailer;"
    " print_maps_on_exit; unstable features",
    "Data Types": "; String",
    "Filters/Predicates": "",
    "Floating-point": "",
    "Imports": "Syntax; Supported file types; Path resolution; Examples; Behavior notes",
    "Identifiers": "",
    "Keywords": "",
    "Literals": "",
    "Loops": "For; While; Unroll",
    "Macros": "",
    "Operators and Expressions": "Arithmetic Operators; Logical Operators; Bitwise Operators;"
    " Relational Operators; Assignment Operators; Increment and Decrement Operators;"
    " Block Expressions",
    "Probes": "begin/end; test; bench; self; hardware; interval; iterator; fentry and fexit;"
    " kprobe and kretprobe; profile; rawtracepoint; software; tracepoint; uprobe, uretprobe;"
    " usdt; watchpoint",
    "Types": "Type Syntax; Type Context Builtins; Pointers; Structs; Tuples; Records;"
    " Type Conversion; Cast Parsing; Array Casts; Endianness and Memory Layout",
    "Variables and Maps": "; Map Declarations; Maps without Explicit Keys; Map Keys;"
    " Per-Thread Variables",
    "Advanced Topics": "Address Spaces; BPF License; BTF Support; Clang Environment Variables;"
    " Complex Tools; Errors; Map Printing; PERCPU types; Supported architectures; Systemd support;"
    " Unstable Features",
}


def rows() -> list[tuple[str, str, str]]:
    section = PAGE.partition(HEADING + "\n")[2].partition("\n## ")[0]
    cells = [line.strip("| ").split(" | ") for line in section.splitlines() if "|" in line]
    return [(name, state, tests) for name, state, tests in cells[2:]]


def expected() -> list[str]:
    parts = ((name, part.strip()) for name, all_ in SECTIONS.items() for part in all_.split(";"))
    return [f"{name}: {part}" if part else name for name, part in parts]


def test_every_section_is_listed_in_order() -> None:
    assert [name for name, _, _ in rows()] == expected()


def test_states_are_those_that_the_page_explains() -> None:
    assert {state for _, state, _ in rows()} <= {"yes", "differs"}


@pytest.mark.parametrize(("section", "tests"), [(name, tests) for name, _, tests in rows()])
def test_the_tests_that_are_named_are_there(section: str, tests: str) -> None:
    named = re.findall(r"([A-Z]) ([\w/]+)(?: \(([^)]+)\))?", tests)
    assert named
    for letter, name, case in named:
        folder, ending = FOLDERS[letter]
        path = PROJECT / folder / (name + ending)
        assert path.is_file(), f"{section}: {letter} {name}"
        if letter not in WHOLE:
            begin = f"def {case}(" if ending == ".py" else f"=== {case}\n"
            assert case, f"{section}: which of {letter} {name}?"
            assert f"\n{begin}" in path.read_text(encoding="utf-8"), f"{section}: {name}: {case}"


def test_nothing_is_parsed_only() -> None:
    assert "accepted, no effect" not in PAGE
    assert "parsed only" not in PAGE
