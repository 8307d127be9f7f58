"""Attach points: where they end, their parts, and the predicate after them."""

from __future__ import annotations

import pytest
from aotrace.compiler.syntax import nodes

from tests.unit.compiler.syntax.scripts import messages, program


def points(header: str) -> list[tuple[str, ...]]:
    """The parts of the attach points of a probe with this header and an empty block."""
    return [point.parts for point in program(header + " { }").probes[0].points]


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("BEGIN", ("BEGIN",)),
        ("end", ("end",)),
        ("kprobe:tcp_*", ("kprobe", "tcp_*")),
        ("k:fn+0x10", ("k", "fn+0x10")),
        ('k:"fn.abc"+1', ("k", "fn.abc+1")),
        ("*:/bin/sh:*", ("*", "/bin/sh", "*")),
        (
            "uprobe:/my/go/program:runtime.main.func1",
            ("uprobe", "/my/go/program", "runtime.main.func1"),
        ),
        ("uprobe:./a.out:main", ("uprobe", "./a.out", "main")),
        ("uprobe:bin/a.out:main", ("uprobe", "bin/a.out", "main")),
        ("uprobe:/with#hash:asdf", ("uprobe", "/with#hash", "asdf")),
        ("uprobe:/usr/lib/*/libc.so.6:malloc", ("uprobe", "/usr/lib/*/libc.so.6", "malloc")),
        ('uprobe:/a:cpp:"ns::f(int, char)"', ("uprobe", "/a", "cpp", "ns::f(int, char)")),
        (r'usdt:/a:"\"q\""', ("usdt", "/a", '"q"')),
        ("usdt:*my/program*:ns:probe", ("usdt", "*my/program*", "ns", "probe")),
        ("iter:task_file:/sys/fs/bpf/files", ("iter", "task_file", "/sys/fs/bpf/files")),
        ("watchpoint:0x1000:8:rw", ("watchpoint", "0x1000", "8", "rw")),
        ("interval:1s", ("interval", "1s")),
        ("hardware:cache-misses:1e6", ("hardware", "cache-misses", "1e6")),
        ("k:vfs_open::", ("k", "vfs_open", "", "")),
        ("kprobe:[Ss]y[Ss]_read", ("kprobe", "[Ss]y[Ss]_read")),
    ],
)
def test_parts(text: str, parts: tuple[str, ...]) -> None:
    assert points(text) == [parts]


def test_several_points_over_lines_with_a_comma_at_the_end() -> None:
    assert points("BEGIN,\n kprobe:f , // why\n kprobe:g,") == [
        ("BEGIN",),
        ("kprobe", "f"),
        ("kprobe", "g"),
    ]


@pytest.mark.parametrize(
    "header",
    [
        "kprobe:f /pid == 1/",
        "kprobe:f\n/ pid == 1 /\n",
        "kprobe:f/pid == 1/",
        "kprobe:f,/pid == 1/",
        "uprobe:/bin/sh:f /pid == 1/",
        "kprobe:f /pid == 1/ /* comment */",
    ],
)
def test_predicate(header: str) -> None:
    predicate = program(header + "{ exit(); }").probes[0].predicate
    assert isinstance(predicate, nodes.Binary)
    assert predicate.op == "=="


def test_begin_may_have_a_predicate_without_space() -> None:
    assert isinstance(program("BEGIN/1/{}").probes[0].predicate, nodes.IntLit)


def test_division_in_a_predicate() -> None:
    predicate = program("kprobe:f /100/25/ { }").probes[0].predicate
    assert isinstance(predicate, nodes.Binary)
    assert predicate.op == "/"


def test_values_with_braces_in_a_predicate() -> None:
    predicate = program("kprobe:f / if (pid) { 1 } else { 2 } / { }").probes[0].predicate
    assert isinstance(predicate, nodes.Ternary)
    assert isinstance(program("k:f / { 1 } / { }").probes[0].predicate, nodes.BlockExpr)


def test_parameters_are_told_from_quoted_text() -> None:
    (point,) = program('uprobe:"zz"$2"$1":f$1x { }').probes[0].points
    assert point.parts == ("uprobe", "zz$2$1", "f$1x")
    assert point.params == ((1, 2, 2), (2, 1, 1))


def test_label() -> None:
    (point,) = program("mine=kprobe:$1 { }").probes[0].points
    assert (point.label, point.parts, point.params) == ("mine", ("kprobe", "$1"), ((1, 0, 1),))


@pytest.mark.parametrize("text", ["uprobe:/a:$0", "uprobe:/a:$a", "k:$", "k:$99999999999999999999"])
def test_no_parameter(text: str) -> None:
    assert any("is not a positional parameter" in m for m in messages(text + " { }"))


def test_open_quotes() -> None:
    assert 'unterminated string: the closing `"` is missing' in messages('uprobe:"/bin/sh { }')
