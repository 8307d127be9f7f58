"""The same scripts give the same bytes and the same exit status under bpftrace and aotrace."""

from __future__ import annotations

from pathlib import Path

import pytest
from aotrace.compiler.pipeline import Compiler

from tests.differential.cases import Case, load
from tests.differential.tracers import compare

pytestmark = [pytest.mark.differential, pytest.mark.needs("root", "bpf", "btf", "bpftrace27")]


@pytest.mark.parametrize("case", load(), ids=str)
def test_same(case: Case, compiler: Compiler, tmp_path: Path) -> None:
    for format_, theirs, ours in compare(case, compiler, tmp_path):
        assert not theirs.errors, f"bpftrace, {format_}:\n{theirs.errors}"
        assert not ours.errors, f"aotrace, {format_}:\n{ours.errors}"
        assert theirs.stdout, f"bpftrace printed nothing: {format_} compares nothing"
        assert ours.stdout == theirs.stdout, format_
        assert ours.status == theirs.status, format_
