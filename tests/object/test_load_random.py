"""Random scripts: each is refused with a message, or becomes an object that the kernel takes."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest
from aotrace.compiler.arch import ARCHES
from aotrace.compiler.build import machine
from aotrace.compiler.codegen.backend import Backend
from aotrace.compiler.codegen.errors import REPORT
from aotrace.compiler.diagnostics import CompileError
from aotrace.compiler.kernel.sources import open_sources
from aotrace.compiler.pipeline import Compiler, Options
from aotrace.compiler.source import Source
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.object.loading import load_all
from tests.support.programs import script

pytestmark = pytest.mark.needs("root", "bpf", "btf", "bpftool")

#: a long run asks for more: make fuzz COUNT=5000
EXAMPLES = int(os.environ.get("EXAMPLES", "120"))
SEEDS = range(40)


@pytest.fixture(scope="module")
def compiler() -> Iterator[Compiler]:
    with Compiler(open_sources(), Options(ARCHES[machine()]), Backend()) as opened:
        yield opened


def _compiled(compiler: Compiler, text: str) -> bytes | None:
    """The object; None for a script that is refused for a reason of its own."""
    source = Source("random.bt", text)
    try:
        return compiler.emit(source, compiler.analyse(source)).object
    except CompileError as error:
        if REPORT in str(error):
            raise
        return None


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize="EXAMPLES" not in os.environ,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(random=st.randoms(use_true_random=False))
def test_random_scripts_load(random: Random, compiler: Compiler, tmp_path: Path) -> None:
    text = script(random)
    compiled = _compiled(compiler, text)
    if compiled:
        path = tmp_path / "random.bpf.o"
        path.write_bytes(compiled)
        load_all(path)


def test_larger_scripts_load(compiler: Compiler, tmp_path: Path) -> None:
    """Most of them must be valid: a generator of refused scripts would test nothing."""
    found = [_compiled(compiler, script(Random(seed), statements=10, probes=6)) for seed in SEEDS]
    for compiled in filter(None, found):
        path = tmp_path / "larger.bpf.o"
        path.write_bytes(compiled)
        load_all(path)
    assert sum(compiled is not None for compiled in found) > len(SEEDS) * 2 / 3
