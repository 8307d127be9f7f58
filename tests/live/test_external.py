"""Functions in C that a script imports: compiled, linked, called; and what bpftrace 0.27 says."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.support.forky import bpftrace27
from tests.support.places import console_script

pytestmark = [
    pytest.mark.live,
    pytest.mark.needs("root", "bpf", "btf", "libbpf", "clang", "bpftool"),
]

PLAIN = """
int twice(int x) { return 2 * x; }
unsigned long long plus(unsigned long long a, unsigned char b) { return a + b; }
short negative(void) { return -3; }
long fill(long *p, int n) { *p = n + 40; return *p; }
static int hidden(int x) { return x; }
"""
KERNEL = """
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
char LICENSE[] SEC("license") = "GPL";
int calls;
struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 1);
  __type(key, int);
  __type(value, long);
} seen SEC(".maps");
int parent_of(struct task_struct *t) { calls++; return BPF_CORE_READ(t, real_parent, tgid); }
long bump(void)
{
  int k = 0;
  long *v = bpf_map_lookup_elem(&seen, &k);
  return v ? ++*v : -1;
}
enum color { RED, GREEN };
_Bool is_green(enum color c) { return c == GREEN; }
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "plain.bpf.c").write_text(PLAIN)
    (tmp_path / "kernel.bpf.c").write_text(KERNEL)
    return tmp_path


def run(folder: Path, text: str) -> subprocess.CompletedProcess[str]:
    script = folder / "script.bt"
    script.write_text(text)
    command = [str(console_script("aotracec")), "run", str(script)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


def test_integers_in_and_out(folder: Path) -> None:
    text = (
        'import "plain.bpf.c";\n'
        "begin { print(twice(21)); print(twice(-4)); print(plus((uint64)4000000000, (uint8)5));"
        " $x = negative(); print($x); print(sizeof($x)); exit(); }"
    )
    ours = run(folder, text)
    assert ours.stdout.split() == ["42", "-8", "4000000005", "-3", "2"], ours.stderr


@pytest.mark.needs("bpftrace27")
def test_as_bpftrace_does(folder: Path) -> None:
    script = folder / "script.bt"
    text = 'import "plain.bpf.c";\nbegin { print(twice((int32)21)); print(negative()); exit(); }'
    ours = run(folder, text)
    theirs = subprocess.run(
        bpftrace27("--no-warnings", str(script)), capture_output=True, text=True, timeout=60,
        cwd=folder,
    )  # fmt: skip
    assert theirs.stdout, theirs.stderr
    assert ours.stdout == theirs.stdout


def test_the_address_of_a_variable(folder: Path) -> None:
    text = 'import "plain.bpf.c";\nbegin { $x = (int64)5; print(fill(&$x, 2)); print($x); exit(); }'
    ours = run(folder, text)
    assert ours.stdout.split() == ["42", "42"], ours.stderr


def test_kernel_types_maps_and_variables(folder: Path) -> None:
    text = (
        'import "kernel.bpf.c";\nimport "plain.bpf.c";\n'
        "begin { $p = parent_of(curtask); print($p == curtask.real_parent.tgid);"
        " print(bump()); print(bump()); print(is_green(1)); print(is_green(0)); print(twice(1));"
        ' @c = count(); printf("%s\\n", str($1)); exit(); }'
    )
    ours = run(folder, text)
    assert ours.stdout.split()[:6] == ["true", "1", "2", "true", "false", "2"], ours.stderr
    assert "@c: 1" in ours.stdout


def test_an_object_is_imported_as_it_is(folder: Path) -> None:
    from aotrace.compiler.objfile.external import find_clang

    command = [str(find_clang()), "-target", "bpf", "-O2", "-g", "-c", "plain.bpf.c"]
    subprocess.run([*command, "-o", "ready.bpf.o"], cwd=folder, check=True)
    ours = run(folder, 'import "ready.bpf.o";\nbegin { print(twice(4)); exit(); }')
    assert ours.stdout.split() == ["8"], ours.stderr


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("print(hidden(1));", "unknown function `hidden`"),
        ("print(twice(1, 2));", "twice() takes one argument (2 provided)"),
        ('print(twice("a"));', "twice() takes an integer as its x, not 'string[2]'"),
        ("print(fill(1, 2));", "fill() takes a pointer as its p, not 'int8'"),
        ("print(twise(1));", "did you mean `twice`?"),
    ],
)
def test_wrong_calls(folder: Path, body: str, message: str) -> None:
    ours = run(folder, f'import "plain.bpf.c";\nbegin {{ {body} }}')
    assert ours.returncode == 1
    assert message in ours.stderr


def test_what_clang_refuses(folder: Path) -> None:
    (folder / "plain.bpf.c").write_text("int twice( { }")
    ours = run(folder, 'import "plain.bpf.c";\nbegin { print(twice(1)); }')
    assert ours.returncode == 1
    assert "script.bt:1:1: ERROR: cannot compile" in ours.stderr
    assert "error: expected parameter declarator" in ours.stderr
