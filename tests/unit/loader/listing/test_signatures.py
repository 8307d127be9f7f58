"""Parameters of functions as `list -v` shows them; what bpftrace 0.27 shows was read from it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from aotrace.loader.listing import signatures

_SOURCE = """
struct place { int line; };
typedef unsigned long ulong_t;
enum color { RED };
int every(int x, const char *s, struct place *p, ulong_t t, enum color c, int arr[3], void *v,
          void (*called)(int), struct place whole) { return x; }
char *const *pointers(short *const *q, volatile int *n, long long l, _Bool b, double d)
{ return 0; }
void none(void) { }
int main(void) { return 0; }
"""
_EVERY = [
    "int x", "const char* s", "struct place* p", "ulong_t t", "enum color c", "int* arr", "void* v",
    "<unknown type>* called", "struct place whole",
]  # fmt: skip
_POINTERS = ["short int* const* q", "volatile int* n", "long long int l", "_Bool b", "double d"]


def _build(folder: Path, *flags: str, name: str = "some.c") -> str:
    (folder / name).write_text(_SOURCE if name.endswith(".c") else "int over(int &a) { return a; }")
    path = folder / "program"
    subprocess.run(["gcc", *flags, str(folder / name), "-o", str(path)], check=True)
    return str(path)


def test_types_and_names(tmp_path: Path) -> None:
    path = _build(tmp_path, "-g")
    assert signatures.parameters(f"{path}:every") == _EVERY
    assert signatures.parameters(f"{path}:pointers") == _POINTERS
    assert signatures.parameters(f"{path}:none") == []
    assert signatures.parameters(f"{path}:no_such") == []


def test_functions_of_cpp_by_the_names_of_their_symbols(tmp_path: Path) -> None:
    path = _build(tmp_path, "-g", "-shared", "-fPIC", name="some.cc")
    assert signatures.parameters(f"{path}:_Z4overRi") == ["int& a"]


def test_a_file_without_dwarf_and_none(tmp_path: Path) -> None:
    assert signatures.parameters(f"{_build(tmp_path)}:every") == []
    assert signatures.parameters("/no/such/file:every") == []


def test_a_machine_without_pyelftools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signatures, "open_dwarf", lambda elf: None)
    assert signatures.parameters(f"{_build(tmp_path, '-g')}:every") == []
