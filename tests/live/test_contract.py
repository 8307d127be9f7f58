"""The scripts that run on real kernels use every action, mechanism and kind."""

from __future__ import annotations

import platform
from collections.abc import Iterator

import pytest
from aotrace.compiler.arch import ARCHES
from aotrace.compiler.codegen.backend import Backend
from aotrace.compiler.config import Config
from aotrace.compiler.kernel.sources import open_sources
from aotrace.compiler.pipeline import Compiler, Options
from aotrace.compiler.source import Source
from aotrace.loader.actions import ACTIONS
from aotrace.loader.attach import MECHANISMS
from aotrace.runtime.metadata import Metadata
from aotrace.runtime.values import KINDS

from tests.support.live_cases import load_cases
from tests.support.registries import Used

pytestmark = [pytest.mark.live, pytest.mark.needs("btf")]


@pytest.fixture(scope="module")
def used() -> Used:
    return Used(_metadata())


def _metadata() -> Iterator[Metadata]:
    """Of each case, compiled for this machine's kernel."""
    arch = platform.machine()
    with Compiler(
        open_sources(None, arch=arch), Options(ARCHES[arch], Config(unsafe=True)), Backend()
    ) as compiler:
        for case in load_cases():
            source = Source(str(case.source), case.source.read_text(encoding="utf-8"))
            yield compiler.emit(source, compiler.analyse(source)).metadata


@pytest.mark.parametrize("name", [action.name for action in ACTIONS])
def test_a_live_case_has_the_action(name: str, used: Used) -> None:
    assert name in used.actions


@pytest.mark.parametrize("name", MECHANISMS)
def test_a_live_case_has_the_mechanism(name: str, used: Used) -> None:
    assert name in used.mechanisms


@pytest.mark.parametrize("name", [kind.tag for kind in KINDS])
def test_a_live_case_has_the_kind(name: str, used: Used) -> None:
    assert name in used.kinds
