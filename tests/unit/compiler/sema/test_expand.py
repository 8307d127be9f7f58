"""Expansion of macros: the trees that come out, their places, and which nodes they share."""

from __future__ import annotations

import pytest
from aotrace.compiler.diagnostics import Diagnostics
from aotrace.compiler.sema import expand
from aotrace.compiler.sema.expand import expand_macros
from aotrace.compiler.syntax import nodes
from aotrace.compiler.syntax.printer import print_statement
from aotrace.compiler.syntax.walk import walk
from hypothesis import given, settings

from tests.unit.compiler.syntax.scripts import program
from tests.unit.compiler.syntax.trees import PLACE, Maker, makers


def expanded(script: str) -> nodes.Program:
    diagnostics = Diagnostics()
    tree = expand_macros(program(script), diagnostics)
    diagnostics.stop_if_failed()
    return tree


def errors(script: str) -> list[str]:
    diagnostics = Diagnostics()
    expand_macros(program(script), diagnostics)
    return [item.message for item in diagnostics.items]


def body(script: str) -> tuple[nodes.Stmt, ...]:
    return expanded(script).probes[0].body.statements


def texts(script: str) -> list[str]:
    return [" ".join(print_statement(statement).split()) for statement in body(script)]


def variables(script: str) -> list[tuple[str, int]]:
    return [(n.name, n.mark) for n in walk(expanded(script)) if isinstance(n, nodes.Var)]


def test_a_script_without_macros_stays_the_same_tree() -> None:
    tree = program("begin { $x = f(1); }")
    assert expand_macros(tree, Diagnostics()) is tree


def test_no_macro_is_left() -> None:
    assert expanded("macro f() { 1 } begin { f(); }").macros == ()


@pytest.mark.parametrize(
    ("macro", "use", "result"),
    [
        ("macro f() { print(1); }", "f();", "{ print(1); }"),
        ("macro f() { print(1); }", "f;", "{ print(1); }"),
        ("macro f() { print(1) }", "f();", "{ print(1); }"),
        ("macro f() { }", "f();", "{ }"),
        ("macro f(x) { x + 1 }", "$a = f(2) * 3;", "$a = (2 + 1) * 3;"),
        ("macro f(x) { x * 2 }", "$a = f(1 + 1);", "$a = (1 + 1) * 2;"),
        ("macro f(x) { x; x; }", "f({ print(1) });", "{ { print(1); } { print(1); } }"),
        ("macro f($x, @m, y) { @m[y] = $x; }", "f($a, @b, 3);", "{ @b[3] = $a; }"),
        ("macro f(x) { x }", "$a = f(@m);", "$a = { @m };"),
        ("macro f(x) { x }", "$a = f(@m[1]);", "$a = @m[1];"),
        ("macro f(t) { (t *)5 }", "$a = f(typeof(struct foo));", "$a = (struct foo *)5;"),
        ("macro f(t) { (t)5 }", "$a = f(uint8);", "$a = (uint8)5;"),
        ("macro f(t) { sizeof(struct t) }", "$a = f(foo);", "$a = sizeof(struct foo);"),
        ("macro f(t) { sizeof(t) }", "$a = f(typeof($b));", "$a = sizeof($b);"),
        ("macro f() { 1 }", "$a = sizeof(f);", "$a = sizeof((f));"),
        ("macro f() { 1 }", "$a = sizeof(f());", "$a = sizeof(1);"),
        ("macro f() { 1 }", "$a = $b.f + (f = 2).f;", "$a = $b.f + (f = 2).f;"),
        ("macro pid() { 1 }", "$a = pid + pid();", "$a = pid + 1;"),
        ("macro g(x) { x + 1 } macro f(y) { g(y) * 2 }", "$a = f(g(3));", "$a = (3 + 1 + 1) * 2;"),
    ],
)
def test_what_a_use_becomes(macro: str, use: str, result: str) -> None:
    assert texts(macro + " begin { " + use + " }") == [result]


def test_variables_of_a_body_are_new_in_each_expansion() -> None:
    macro = "macro f(x) { $y = x; $y }"
    assert variables(macro + " begin { $y = f(1) + f($y); }") == [
        ("y", 0), ("y", 1), ("y", 1), ("y", 2), ("y", 0), ("y", 2),
    ]  # fmt: skip


def test_loop_variables_of_a_body_are_its_own() -> None:
    macro = "macro f(@m) { for ($k : @m) { print($k); } }"
    assert variables(macro + " begin { $k = 1; f(@a); }") == [("k", 0), ("k", 1), ("k", 1)]


def test_what_is_passed_on_stays_the_callers() -> None:
    macros = "macro g($v) { $v++; } macro f($y) { $v = 1; g($v); g($y); }"
    assert variables(macros + " begin { $a = 1; f($a); }") == [
        ("a", 0), ("v", 1), ("v", 1), ("a", 0),
    ]  # fmt: skip


def test_an_argument_is_copied_for_each_place() -> None:
    (statement,) = body("macro f(x) { x + x } begin { $a = f(pid); }")
    assert isinstance(statement, nodes.Assign)
    assert isinstance(statement.value, nodes.Binary)
    assert statement.value.left == statement.value.right
    assert statement.value.left is not statement.value.right


def test_the_definition_shares_no_node_with_what_is_expanded() -> None:
    tree = program("macro f() { print(1); 2 } begin { $a = f(); f(); }")
    result = expand_macros(tree, Diagnostics())
    used = [id(node) for node in walk(result)]
    assert len(used) == len(set(used))
    assert not set(used) & {id(node) for node in walk(tree.macros[0])}


def test_places_are_the_bodys_and_know_the_uses() -> None:
    script = "macro g(x) { -x }\nmacro f(x) { g(x) }\nbegin { $a = f(pid); }\n"
    (statement,) = body(script)
    assert isinstance(statement, nodes.Assign)
    assert isinstance(statement.value, nodes.Unary)
    assert statement.value.span.text == "-x"
    assert [use.text for use in statement.value.span.uses] == ["g(x)", "f(pid)"]
    assert statement.value.operand.span.text == "pid"
    assert statement.value.operand.span.via is None


def test_macros_that_multiply_end_in_one_message(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(expand, "MAX_NODES", 2_000)
    macros = ["macro m0() { print(1); }"]
    macros += [f"macro m{n}() {{ m{n - 1}(); m{n - 1}(); }}" for n in range(1, 40)]
    assert errors(" ".join(macros) + " begin { m39(); }") == ["macros expand to too much code"]


def test_macros_that_nest_end_in_one_message() -> None:
    macros = ["macro m0(x) { x }"]
    macros += [f"macro m{n}(x) {{ 1 + (2 + m{n - 1}(x)) }}" for n in range(1, 90)]
    (message,) = errors(" ".join(macros) + " begin { $a = m89(1); }")
    assert "levels" in message


@settings(max_examples=200, deadline=None)
@given(makers())
def test_any_expression_passes_through_a_macro(maker: Maker) -> None:
    value = maker.expression()
    param = nodes.Ident(PLACE, "only_this")
    macro = nodes.MacroDef(PLACE, "through", (param,), nodes.BlockExpr(PLACE, (), param))
    call = nodes.Call(PLACE, "through", (value,), PLACE)
    assign = nodes.Assign(PLACE, nodes.Var(PLACE, "v"), "=", call, PLACE)
    probe = nodes.Probe(
        PLACE, (nodes.AttachPoint(PLACE, ("begin",)),), None, nodes.Block(PLACE, (assign,))
    )
    tree = nodes.Program(PLACE, (), (), (), (), (macro,), (probe,))
    (made,) = expand_macros(tree, Diagnostics()).probes[0].body.statements
    assert isinstance(made, nodes.Assign)
    if isinstance(value, nodes.MapRef):
        value = nodes.BlockExpr(PLACE, (), value)
    assert print_statement(made) == print_statement(
        nodes.Assign(PLACE, assign.target, "=", value, PLACE)
    )


@pytest.mark.parametrize(
    ("opening", "closing", "levels"),
    [
        ("f(", ")", 180),
        ("(1 + ", ")", 180),
        ("-(", ")", 95),
        ("{ 1; ", "}", 95),
        ("x[", "]", 180),
        ("sizeof(", ")", 180),
    ],
)
def test_what_the_parser_takes_is_not_too_deep(opening: str, closing: str, levels: int) -> None:
    expression = opening * levels + "1" + closing * levels
    assert errors("macro unused() { 1 } begin { $a = " + expression + "; }") == []
