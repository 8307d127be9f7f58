"""Compiling in tests: scripts against the fake kernel, whose types never change."""

from __future__ import annotations

import functools
import tempfile
from pathlib import Path

from aotrace.compiler.arch import X86_64
from aotrace.compiler.codegen.backend import Backend
from aotrace.compiler.kernel.sources import KernelSources, open_sources
from aotrace.compiler.pipeline import Analysis, Compiler, Options, Output
from aotrace.compiler.source import Source
from aotrace.compiler.syntax.nodes import Program
from aotrace.compiler.syntax.preprocess import Options as PreprocessOptions

from tests.support.fake_kernel import fake_btf

SCRIPT = "script.bt"


@functools.cache
def fake_sources() -> KernelSources:
    """What is known of the fake kernel."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "fake.btf"
        path.write_bytes(fake_btf())
        return open_sources(path, arch="x86_64")


@functools.cache
def _shared() -> Compiler:
    options = Options(X86_64, preprocessor=PreprocessOptions(cache_dir=None))
    return Compiler(fake_sources(), options, Backend())


def parse(text: str) -> Program:
    """A script as a tree. Raises CompileError."""
    return _shared().parse(Source(SCRIPT, text))


def analyse(text: str) -> Analysis:
    """A script up to its plan. Raises CompileError."""
    return _shared().analyse(Source(SCRIPT, text))


def compile_(text: str, listings: bool = False) -> Output:
    """A script as an object. Raises CompileError."""
    source = Source(SCRIPT, text)
    compiler = _shared()
    return compiler.emit(source, compiler.analyse(source), listings)
