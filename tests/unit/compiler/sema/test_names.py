"""Names: scopes of variables, what identifiers and calls stand for."""

from __future__ import annotations

import pytest
from aotrace.compiler.builtins import BY_NAME
from aotrace.compiler.sema.tables import Variable
from aotrace.compiler.syntax import nodes
from aotrace.compiler.syntax.walk import walk

from tests.support.compiling import analyse


def variables(script: str) -> list[Variable]:
    """What each use of a variable stands for, in source order."""
    analysis = analyse(script)
    uses = [node for node in walk(analysis.program) if isinstance(node, nodes.Var)]
    found = [analysis.names.variables.get(node) for node in uses]
    assert None not in found
    return [variable for variable in found if variable]


def test_a_variable_is_one_from_its_first_assignment_to_the_end_of_its_block() -> None:
    first, second, third = variables("begin { $x = 1; if (pid) { $x = 2; } print($x); }")
    assert first is second is third


def test_two_blocks_have_variables_of_their_own() -> None:
    first, second = variables("begin { if (pid) { $x = 1; } else { $x = comm; } }")
    assert first is not second


def test_two_probes_have_variables_of_their_own() -> None:
    first, second = variables("begin { $x = 1; } end { $x = comm; }")
    assert first is not second


def test_a_declared_variable_knows_its_type() -> None:
    first, second = variables("begin { let $x: uint8; $x = 1; }")
    assert first is second
    assert isinstance(first.declared, nodes.NamedType)


def test_builtins_are_found_with_and_without_parentheses() -> None:
    analysis = analyse("begin { print((pid, pid())); }")
    found = [
        analysis.names.entries.get(node)
        for node in walk(analysis.program)
        if isinstance(node, (nodes.Ident, nodes.Call)) and node.name == "pid"
    ]
    assert found == [BY_NAME["pid"]] * 2


@pytest.mark.parametrize(
    ("name", "value", "relocated"),
    [
        ("PIDTYPE_TGID", 1, True),  # of a named enum: the target says its value
        ("TCP_CLOSE", 7, False),  # of an unnamed one: part of the ABI
        ("MEMORY_NONE", -1, True),
        ("DEADLINE_FAR", 1 << 40, True),
        ("AF_INET", 2, False),
    ],
)
def test_enumerators(name: str, value: int, relocated: bool) -> None:
    analysis = analyse(f"begin {{ print({name}); }}")
    (found,) = [constant for _, constant in analysis.names.constants.items()]
    assert found.value == value
    assert (found.enum_id is not None) == relocated


def test_a_variable_may_be_named_like_a_builtin() -> None:
    assert len(variables("begin { $pid = pid; print($pid); }")) == 2
