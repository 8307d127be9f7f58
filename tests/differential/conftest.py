"""One compiler for this machine's kernel, for all the cases."""

from __future__ import annotations

import platform
from collections.abc import Iterator

import pytest
from aotrace.compiler.arch import ARCHES
from aotrace.compiler.codegen.backend import Backend
from aotrace.compiler.kernel.sources import open_sources
from aotrace.compiler.pipeline import Compiler, Options


@pytest.fixture(scope="session")
def compiler() -> Iterator[Compiler]:
    arch = platform.machine()
    with Compiler(open_sources(None, arch=arch), Options(ARCHES[arch]), Backend()) as made:
        yield made
