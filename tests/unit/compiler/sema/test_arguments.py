"""Which parameter an argument stands for."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from aotrace.compiler.builtins import BY_NAME
from aotrace.compiler.builtins.record import arity_error, match_parameters


@pytest.mark.parametrize(
    ("name", "given", "expected"),
    [
        ("ntop", 1, ["address"]),  # the optional family stands first
        ("ntop", 2, ["family", "address"]),
        ("str", 1, ["data"]),
        ("str", 2, ["data", "length"]),
        ("printf", 1, ["format"]),
        ("printf", 4, ["format", "args", "args", "args"]),
        ("time", 0, []),
        ("lhist", 4, ["n", "min", "max", "step"]),
    ],
)
def test_parameters_of_arguments(name: str, given: int, expected: Sequence[str]) -> None:
    parameters = BY_NAME[name].parameters  # type: ignore[union-attr]
    assert [parameter.name for parameter in match_parameters(parameters, given)] == expected


@pytest.mark.parametrize(
    ("name", "given", "message"),
    [
        ("ntop", 1, None), ("ntop", 2, None), ("printf", 9, None), ("time", 0, None),
        ("count", 1, "count() takes no arguments (1 provided)"),
        ("sum", 0, "sum() requires one argument (0 provided)"),
        ("ntop", 0, "ntop() requires at least one argument (0 provided)"),
        ("ntop", 3, "ntop() takes at most 2 arguments (3 provided)"),
        ("lhist", 3, "lhist() requires 4 arguments (3 provided)"),
        ("time", 2, "time() takes at most one argument (2 provided)"),
    ],
)  # fmt: skip
def test_numbers_of_arguments(name: str, given: int, message: str | None) -> None:
    parameters = BY_NAME[name].parameters  # type: ignore[union-attr]
    assert arity_error(name, parameters, given) == message
