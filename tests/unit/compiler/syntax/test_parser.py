"""The grammar where golden cases do not reach: recovery, limits, names of types, and speed."""

from __future__ import annotations

import pytest
from aotrace.compiler.diagnostics import Diagnostics
from aotrace.compiler.syntax import nodes
from aotrace.compiler.syntax.blocks import MAX_DEPTH
from aotrace.compiler.syntax.parser import parse

from tests.unit.compiler.syntax.scripts import (
    expression,
    messages,
    prepared,
    program,
    read,
    statements,
)


def test_keywords_are_names_of_fields() -> None:
    for word in ("break", "config", "if", "offsetof", "return", "struct", "true", "while", "let"):
        member = expression(f"$x->{word}")
        assert isinstance(member, nodes.Member)
        assert member.name == word
        offset = expression(f"offsetof(*$x, a.{word})")
        assert isinstance(offset, nodes.Offsetof)
        assert offset.path == ("a", word)


def test_type_names_that_the_caller_knows_make_casts() -> None:
    diagnostics = Diagnostics()
    pre = prepared("BEGIN { $a = (gfp) - 1; }", diagnostics)
    plain = parse(pre, diagnostics).probes[0].body.statements[0]
    known = parse(pre, diagnostics, {"gfp"}).probes[0].body.statements[0]
    assert isinstance(plain, nodes.Assign)
    assert isinstance(plain.value, nodes.Binary)
    assert isinstance(known, nodes.Assign)
    assert isinstance(known.value, nodes.Cast)


def test_typedefs_of_the_script_make_casts() -> None:
    text = "typedef int (*callback)(int); typedef struct { int a; } pair[2];\n"
    body = program(text + "BEGIN { $a = (callback) - 1; $b = (pair) & 1 }").probes[0].body
    assert all(
        isinstance(s, nodes.Assign) and isinstance(s.value, nodes.Cast) for s in body.statements
    )


def test_a_block_is_a_value_where_one_is_wanted() -> None:
    value = expression("{ $a = 1; if ($a) { 2 } else { 3 } }")
    assert isinstance(value, nodes.BlockExpr)
    assert isinstance(value.value, nodes.Ternary)
    (block,) = statements("{ $a = 1; if ($a) { 2 } else { 3 } }")
    assert isinstance(block, nodes.Block)
    assert isinstance(block.statements[1], nodes.If)


@pytest.mark.parametrize(
    "definition",
    [
        "struct Foo { int x; /* } */ char *s; }",
        "struct Foo {\n  int x; // }\n};",
        "struct Foo { struct { int y; } bar; } ;",
        "struct __attribute__((packed)) Foo { char c; };",
        "struct Foo { } /* a */ __attribute__ /* b */ ((packed)) __attribute__((aligned(8)))",
        "enum Foo { ONE = '}' };",
        "union Foo;",
        "typedef int (*callback)(struct { int x; } *);",
    ],
)
def test_c_definitions_are_kept_whole(definition: str) -> None:
    (found,) = program(f"{definition} BEGIN {{ }}").definitions
    assert found.text == definition


def test_equality_does_not_look_at_places() -> None:
    assert program("BEGIN{exit()}") == program("\n\nBEGIN\n{\n  exit( );\n}\n")
    assert program("BEGIN{exit()}") != program("END{exit()}")


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("((1 + 2))", "1 + 2"),
        ("(1 + 2) * 3", "1 + 2) * 3"),
        ("3 * ((1 + 2))", "3 * ((1 + 2))"),
        ("-(1)", "-(1)"),
        ("($a)->b", "$a)->b"),
    ],
)
def test_parentheses_are_no_part_of_a_place_but_within_one(text: str, place: str) -> None:
    """As bpftrace has it: nothing begins with one."""
    assert expression(text).span.text == place


def test_the_tree_is_frozen() -> None:
    tree = program("BEGIN { }")
    with pytest.raises(AttributeError):
        tree.probes = ()  # type: ignore[misc]
    assert hash(tree) == hash(program("BEGIN {  }"))


def test_good_probes_beside_bad_ones_are_still_there() -> None:
    tree, diagnostics = read("kprobe:f { ] } kprobe:g { exit(); } kprobe: h { } kprobe:i { }")
    assert len(diagnostics.items) == 2
    assert [point.text for probe in tree.probes for point in probe.points] == [
        "kprobe:f",
        "kprobe:g",
        "kprobe:i",
    ]


def test_an_error_costs_its_own_statement_alone() -> None:
    tree, diagnostics = read(
        "BEGIN { $a = 1; if ($b ==) { $c = 2; } $d = 3; $e = { 1 2 }; $f = 4 }"
    )
    assert len(diagnostics.items) == 3  # the inner block of $e lost its value, too
    kept = [s.target for s in tree.probes[0].body.statements if isinstance(s, nodes.Assign)]
    assert [target.name for target in kept if isinstance(target, nodes.Var)] == ["a", "d", "e", "f"]


@pytest.mark.parametrize(
    "body",
    [
        "$x = " + "(" * 5000 + "1" + ")" * 5000,
        "$x = " + "1 + " * 5000 + "1",
        "$x = " + "-" * 1 + "!" * 5000 + "1",
        "$x = $y" + ".a" * 5000,
        "$x = " + "$y ? 1 : " * 5000 + "1",
        "{" * 5000 + "}" * 5000,
        "if (1) { } " + "else if (1) { } " * 5000,
        "$x = (uint8" + "*" * 5000 + ")$y",
        "$x = " + "{ " * 150 + "if (1) { " * 150 + "1",
        "@a[" * 5000,
    ],
)
def test_deep_nesting_is_refused(body: str) -> None:
    assert any("nested too deeply" in message for message in messages("BEGIN { " + body + " }"))


def test_nesting_up_to_the_limit_is_fine() -> None:
    depth = MAX_DEPTH - 10
    assert not messages("BEGIN { $x = " + "1 + " * (depth - 10) + "1 }")
    assert not messages("BEGIN { $x = " + "(" * depth + "1" + ")" * depth + " }")


def test_an_empty_script_is_a_program() -> None:
    assert program("") == nodes.Program(program("").span, (), (), (), (), (), ())
    assert not program("// nothing but a comment").probes
