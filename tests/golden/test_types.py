"""The types that inference gives to every expression of a script."""

from __future__ import annotations

import pytest
from aotrace.compiler.sema.dump import dump_types

from tests.golden.cases import Case, load, verify
from tests.support.compiling import analyse


@pytest.mark.parametrize("case", load("types"), ids=str)
def test_types(case: Case) -> None:
    verify(case, lambda script: dump_types(analyse(script).units))
