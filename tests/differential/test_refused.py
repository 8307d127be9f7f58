"""Scripts that both refuse, before anything is traced, with a status that says so."""

from __future__ import annotations

from pathlib import Path

import pytest
from aotrace.compiler.pipeline import Compiler

from tests.differential.cases import REFUSED, Case, read
from tests.differential.tracers import compare

pytestmark = [pytest.mark.differential, pytest.mark.needs("root", "bpf", "btf", "bpftrace27")]


@pytest.mark.parametrize("case", read(REFUSED), ids=str)
def test_refused(case: Case, compiler: Compiler, tmp_path: Path) -> None:
    ((_, theirs, ours),) = compare(case, compiler, tmp_path, ["text"])
    for name, outcome in (("bpftrace", theirs), ("aotrace", ours)):
        assert outcome.errors, f"{name} takes it"
        assert not outcome.stdout, f"{name} runs it"
        assert outcome.status == 1, name
