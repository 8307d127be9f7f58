"""Compiling in tests: scripts against the fake kernel, whose types never change."""

from __future__ import annotations

import functools
import tempfile
from dataclasses import replace
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


def allowing(compiler: Compiler, unsafe: bool) -> Compiler:
    """The compiler with --unsafe or without."""
    config = replace(compiler.options.config, unsafe=unsafe)
    options = replace(compiler.options, config=config)
    return Compiler(compiler.sources, options, compiler.backend)


def parse(text: str) -> Program:
    """A script as a tree. Raises CompileError."""
    return _shared().parse(Source(SCRIPT, text))


def _allowed(text: str) -> Compiler:
    """A script that begins with this comment is compiled with --unsafe."""
    return allowing(_shared(), text.startswith("// --unsafe\n"))


def analyse(text: str) -> Analysis:
    """A script up to its plan. Raises CompileError."""
    return _allowed(text).analyse(Source(SCRIPT, text))


def compile_(text: str, listings: bool = False) -> Output:
    """A script as an object. Raises CompileError."""
    source = Source(SCRIPT, text)
    compiler = _allowed(text)
    return compiler.emit(source, compiler.analyse(source), listings)
