"""Each `.bt` of Debian's bpftrace packages: parsed, printed and parsed again, typed, compiled.

The scripts are those that the packages install; none of them is part of this project.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from aotrace.compiler.arch import X86_64
from aotrace.compiler.codegen.backend import Backend
from aotrace.compiler.config import from_environment
from aotrace.compiler.diagnostics import CompileError
from aotrace.compiler.kernel.sources import open_sources
from aotrace.compiler.pipeline import Compiler, Options
from aotrace.compiler.source import Source
from aotrace.compiler.syntax.printer import print_program

from tests.kernels.catalog import kernel
from tests.support.forky import ROOT

#: bpftrace's version -> where its tools are installed
FOLDERS = {"0.17": Path("/usr/sbin"), "0.27": ROOT / "usr/sbin"}
#: short names of kernels whose BTF the tools are compiled against; the machine's own is HERE
HERE = "6.18"
KERNELS = ("6.1", "6.12", HERE, "7.2")


@dataclass(frozen=True)
class Tool:
    """A script of one version's package."""

    version: str
    path: Path

    @property
    def name(self) -> str:
        return self.path.stem

    def __str__(self) -> str:
        return f"{self.version}-{self.name}"

    def source(self) -> Source:
        return Source(str(self.path), self.path.read_text(encoding="utf-8"))


@dataclass(frozen=True)
class Outcome:
    """What became of a tool: for each step why it failed, an empty text where it did not."""

    tool: Tool
    parsed: str
    printed: str
    #: by kernel: of type-checking, of the whole way to an object
    typed: dict[str, str] = field(default_factory=dict)
    compiled: dict[str, str] = field(default_factory=dict)


def tools() -> list[Tool]:
    """The tools of both versions that are installed here."""
    found = ((version, sorted(folder.glob("*.bt"))) for version, folder in FOLDERS.items())
    return [Tool(version, path) for version, paths in found for path in paths]


def open_compiler(name: str, **environment: str) -> Compiler:
    """A compiler for that kernel, with such environment variables. It is to be closed."""
    options = Options(X86_64, from_environment(environment))
    if name == HERE:
        return Compiler(open_sources(), options, Backend())
    known = kernel(name)
    return Compiler(open_sources(known.btf, known.events, "x86_64"), options, Backend())


def build(scripts: Sequence[Tool], kernels: Sequence[str] = KERNELS) -> Iterator[Outcome]:
    """All of it for each tool, one kernel after the other within."""
    compilers = {name: open_compiler(name) for name in kernels}
    try:
        for tool in scripts:
            yield outcome(tool, compilers)
    finally:
        for compiler in compilers.values():
            compiler.backend.close()


def outcome(tool: Tool, compilers: dict[str, Compiler]) -> Outcome:
    source = tool.source()
    some = next(iter(compilers.values()))
    parsed, printed = _round_trip(some, source)
    found = Outcome(tool, parsed, printed)
    for name, compiler in compilers.items():
        found.typed[name], found.compiled[name] = _compiled(compiler, source)
    return found


def _round_trip(compiler: Compiler, source: Source) -> tuple[str, str]:
    """Why it does not parse, and why what is printed of it is not the same script."""
    try:
        program = compiler.parse(source)
    except CompileError as error:
        return why(error), "not parsed"
    try:
        again = compiler.parse(Source(source.name, print_program(program)))
    except CompileError as error:
        return "", why(error)
    return "", "" if again == program else "it is another tree"


def _compiled(compiler: Compiler, source: Source) -> tuple[str, str]:
    """Why it has no types, and why there is no object."""
    try:
        analysis = compiler.analyse(source)
    except CompileError as error:
        return why(error), why(error)
    try:
        compiler.emit(source, analysis)
    except CompileError as error:
        return "", why(error)
    return "", ""


def why(error: CompileError) -> str:
    """The error's messages, each once, without places."""
    messages = (d.message for d in error.diagnostics if d.severity.name == "ERROR")
    return "; ".join(dict.fromkeys(messages))


def present() -> bool:
    """Whether the kernel that this machine runs is of the series that the table names."""
    return ".".join(os.uname().release.split(".")[:2]) == HERE
