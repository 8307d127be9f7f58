"""What is not the same is what differences.txt says, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest
from aotrace.compiler.pipeline import Compiler

from tests.differential.differences import Difference, load, shown
from tests.differential.tracers import compare

pytestmark = [pytest.mark.differential, pytest.mark.needs("root", "bpf", "btf", "bpftrace27")]


@pytest.mark.parametrize("difference", load(), ids=str)
def test_difference(difference: Difference, compiler: Compiler, tmp_path: Path) -> None:
    ((_, theirs, ours),) = compare(difference.case, compiler, tmp_path, [difference.format])
    expected, seen = difference.theirs(theirs)
    assert seen == expected, f"bpftrace: {theirs.errors}"
    assert shown(ours) == difference.aotrace, f"aotrace: {ours.errors}"
    assert difference.bpftrace != difference.aotrace
