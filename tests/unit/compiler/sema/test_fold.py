"""Constant folding: 64 bits that wrap, as the program itself would compute them."""

from __future__ import annotations

import pytest
from aotrace.compiler.diagnostics import CompileError
from aotrace.compiler.sema.fold import Constant
from aotrace.compiler.syntax import nodes
from aotrace.compiler.types import Bool
from hypothesis import given
from hypothesis import strategies as st

from tests.support.compiling import analyse


def folded(expression: str) -> Constant | None:
    """The constant that an expression is, or None."""
    analysis = analyse(f"begin {{ $v = {expression}; }}")
    (statement,) = analysis.program.probes[0].body.statements
    assert isinstance(statement, nodes.Assign)
    return analysis.constants.get(statement.value)


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("5", 5), ("-5", -5), ('"abc"', b"abc"), ("true", True), ("1 + 2 * 3", 7),
        ("(1 + 2) * 3", 9),
        ("10 / 3", 3), ("10 % 3", 1), ("6 & 3", 2), ("6 | 1", 7), ("6 ^ 2", 4), ("1 << 4", 16),
        ("256 >> 4", 16), ("1 == 1", True), ("1 != 1", False), ("2 > 1", True), ("2 <= 1", False),
        ("1 && 0", False), ("0 || 5", True), ("!5", False), ("!0", True), ('"a" == "a"', True),
        ('"a" != "b"', True), ("AF_INET6 + 1", 11), ("-(-5)", 5),
        ("18446744073709551615", 2**64 - 1),
        ('"a" + "b"', b"ab"), ('"abc" + 1', b"bc"), ('"abc" + 5', b""), ('"a" < "b"', True),
        ("-8 >> 1", -4), ("-1 << 4", -16), ("-7 / 2", -3), ("-7 % 2", -1), ("~0", 2**64 - 1),
        ("9223372036854775807 + 1", 2**63), ("0 - 1", -1), ("1 << 63", 2**63), ("1e3", 1000),
        ("5ms", 5_000_000), ("TCP_CLOSE", 7),
    ],
)  # fmt: skip
def test_what_is_known_at_build(expression: str, value: Constant) -> None:
    assert folded(expression) == value
    assert type(folded(expression)) is type(value)


@pytest.mark.parametrize(
    "expression",
    ["pid", "pid + 1", "comm", "ntop(1)", "(1, 2)", "PIDTYPE_TGID", "1 + PIDTYPE_TGID",
     "str(curtask)", "sizeof(struct sock)", "curtask->pid == 1"],
)  # fmt: skip
def test_what_the_run_tells(expression: str) -> None:
    """An enumerator of a named enum is the target's: its value may differ there."""
    assert folded(expression) is None


@given(st.integers(0, 2**64 - 1), st.sampled_from("+-*&|^"), st.integers(0, 2**64 - 1))
def test_arithmetic_is_exact_or_refused(left: int, operator: str, right: int) -> None:
    operations = {
        "+": left + right, "-": left - right, "*": left * right, "&": left & right,
        "|": left | right, "^": left ^ right,
    }  # fmt: skip
    if -(2**63) <= operations[operator] < 2**64:
        assert folded(f"{left} {operator} {right}") == operations[operator]
        return
    with pytest.raises(CompileError, match="neither int64 nor uint64"):
        folded(f"{left} {operator} {right}")


@given(st.integers(-(2**63), 2**63 - 1), st.integers(-(2**63), 2**63 - 1).filter(bool))
def test_division_is_that_of_c(left: int, right: int) -> None:
    quotient, rest = folded(f"({left}) / ({right})"), folded(f"({left}) % ({right})")
    assert isinstance(quotient, int)
    assert isinstance(rest, int)
    assert quotient * right + rest == left
    assert abs(rest) < abs(right)
    assert rest == 0 or (rest < 0) == (left < 0)


@pytest.mark.parametrize(
    "expression",
    ["1 << 64", "5 >> 64", "1 << -1", "-(9223372036854775809)", "-1 * 9223372036854775809",
     "18446744073709551615 + -1"],
)  # fmt: skip
def test_what_has_no_result(expression: str) -> None:
    with pytest.raises(CompileError):
        folded(expression)


@pytest.mark.parametrize("expression", ["1 == 1", "2 > 1", "1 && 0", '"a" < "b"', "!5"])
def test_a_comparison_of_literals_is_a_bool(expression: str) -> None:
    analysis = analyse(f"begin {{ $v = {expression}; }}")
    (statement,) = analysis.program.probes[0].body.statements
    assert isinstance(statement, nodes.Assign)
    assert analysis.units[0].types[statement.value] == Bool()
