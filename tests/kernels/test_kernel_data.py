"""Tracepoints of the kernels whose BTF differs most: resolved from BTF alone, then judged."""

from __future__ import annotations

import pytest
from aotrace.compiler.kernel.btf import Btf
from aotrace.compiler.kernel.tracepoint_formats import open_formats

from tests.kernels.catalog import KERNELS
from tests.support.tracepoint_truth import judge


@pytest.mark.needs("kernels")
@pytest.mark.parametrize(
    ("name", "share", "misread"),
    [
        # No static functions in BTF: only the order of definition tells classes apart.
        ("5.10", 0.985, 3),
        # Sorted by name: no order of definition. One event is of a class with a name less like it.
        ("7.2", 0.99, 1),
    ],
)
def test_events_find_their_structs(name: str, share: float, misread: int) -> None:
    kernel = next(kernel for kernel in KERNELS if kernel.name == name)
    verdict = judge(Btf.open(kernel.btf), open_formats(kernel.events))
    assert verdict.right > 400
    assert verdict.share >= share, verdict.wrong
    assert len(verdict.misread) <= misread, verdict.misread
