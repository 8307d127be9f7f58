"""Constant folding: 64 bits that wrap, as the program itself would compute them."""

from __future__ import annotations

import pytest
from aotrace.compiler.sema.fold import Constant
from aotrace.compiler.syntax import nodes
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
def test_arithmetic_wraps_at_64_bits(left: int, operator: str, right: int) -> None:
    operations = {
        "+": left + right, "-": left - right, "*": left * right, "&": left & right,
        "|": left | right, "^": left ^ right,
    }  # fmt: skip
    found = folded(f"{left} {operator} {right}")
    assert isinstance(found, int)
    assert found % 2**64 == operations[operator] % 2**64
    assert -(2**63) <= found < 2**64
