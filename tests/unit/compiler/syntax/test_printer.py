"""Printing: what is printed parses to the tree it was printed from."""

from __future__ import annotations

from pathlib import Path

import pytest
from aotrace.compiler.diagnostics import Diagnostics
from aotrace.compiler.syntax import nodes
from aotrace.compiler.syntax.dump import dump_ast, dump_tokens
from aotrace.compiler.syntax.preprocess import Options
from aotrace.compiler.syntax.print_expr import expression as print_expression
from aotrace.compiler.syntax.print_point import attach_point
from aotrace.compiler.syntax.printer import print_program, print_statement
from hypothesis import given, settings

from tests.support.places import PACKS
from tests.unit.compiler.syntax.scripts import (
    expression,
    golden_scripts,
    prepared,
    program,
    statements,
)
from tests.unit.compiler.syntax.trees import Maker, makers

MANY = settings(max_examples=200, deadline=None)


def again(tree: nodes.Program, options: Options) -> nodes.Program:
    return program(print_program(tree), options)


@pytest.mark.parametrize("name", sorted(golden_scripts()))
def test_golden_scripts(name: str) -> None:
    tree = program(golden_scripts()[name])
    assert again(tree, Options(cache_dir=None)) == tree


@pytest.mark.parametrize("path", sorted(PACKS.rglob("*.bt")), ids=lambda path: path.stem)
def test_packs(path: Path) -> None:
    tree = program(path.read_text(encoding="utf-8"))
    assert again(tree, Options(cache_dir=None)) == tree


@MANY
@given(makers())
def test_any_expression(maker: Maker) -> None:
    tree = maker.expression()
    text = print_expression(tree)
    assert expression(text) == tree, text


@MANY
@given(makers())
def test_any_statement(maker: Maker) -> None:
    tree = maker.statement()
    text = print_statement(tree)
    assert statements(text) == (tree,), text


@MANY
@given(makers())
def test_any_attach_point(maker: Maker) -> None:
    tree = maker.point()
    assert program(attach_point(tree) + " { }").probes[0].points == (tree,)


@MANY
@given(makers())
def test_any_program(maker: Maker) -> None:
    tree = maker.program()
    text = print_program(tree)
    assert program(text) == tree, text


@pytest.mark.parametrize(
    "text",
    [
        "a - (b - c) * -(-d)",
        "(a ? b : c) ? d : (e, f)",
        "*(uint8 *)&$x.y[1].0",
        "sizeof((x)) + sizeof(struct sock *) + offsetof(typeof($x), a.if)",
        "(foo_t)-1 + (foo)(-1) + (foo[2])(&x)",
        'f("\\x00\\"\\n", 1ms, 7ull)',
    ],
)
def test_parentheses_only_where_needed(text: str) -> None:
    assert print_expression(expression(text)) == text


def test_layout() -> None:
    text = (
        "kprobe:f,\nkprobe:g\n/ pid == 1 /\n{\n  if ($x) {\n    @m[1, 2] = count();\n"
        "  } else if ($y) {\n    print(1);\n  } else {\n  }\n}\n"
    )
    assert print_program(program(text)) == text


def test_points_keep_their_parameters() -> None:
    text = 'mine=kprobe:a$1"$2"$3"4":"x y"'
    (point,) = program(text + " { }").probes[0].points
    assert program(attach_point(point) + " { }").probes[0].points == (point,)
    assert point.params == ((1, 1, 1), (1, 5, 3))


def test_dump_of_tokens() -> None:
    pre = prepared('BEGIN\n{ print("a"); }', Diagnostics())
    assert dump_tokens(pre).splitlines() == [
        "1:1      POINT        BEGIN",
        "2:1      {            {",
        "2:3      IDENT        print",
        "2:8      (            (",
        '2:9      STRING       "a"',
        "2:12     )            )",
        "2:13     ;            ;",
        "2:15     }            }",
    ]


def test_dump_of_a_tree() -> None:
    assert dump_ast(program("BEGIN { @m = $x.f; }")).splitlines() == [
        "Program 1:1",
        "  probes: Probe 1:1",
        "    points: AttachPoint 1:1 parts=('BEGIN',)",
        "    body: Block 1:7",
        "      statements: Assign 1:9 op='='",
        "        target: MapRef 1:9 name='m'",
        "        value: Member 1:14 name='f' arrow=False",
        "          base: Var 1:14 name='x'",
    ]
