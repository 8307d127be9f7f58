"""Scripts that the compiler refuses, or warns of, with every word that it says."""

from __future__ import annotations

import pytest
from aotrace.compiler.diagnostics import CompileError

from tests.golden.cases import Case, load, verify
from tests.support.compiling import analyse, compile_


def _errors(script: str) -> str:
    with pytest.raises(CompileError) as caught:
        compile_(script)
    return str(caught.value)


def _warnings(script: str) -> str:
    return "\n".join(warning.render() for warning in analyse(script).warnings)


_SHOW = {"errors": _errors, "warnings": _warnings}


@pytest.mark.parametrize("case", load("rejected"), ids=str)
def test_rejected(case: Case) -> None:
    verify(case, _SHOW[case.kind])
