"""What the commands do: each script is translated, and written whole or not at all."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from aotrace.compiler.arch import ARCHES
from aotrace.compiler.codegen.backend import Backend
from aotrace.compiler.config import Config, from_environment
from aotrace.compiler.diagnostics import CompileError, Diagnostic
from aotrace.compiler.frozen import dataclass
from aotrace.compiler.kernel.sources import open_sources
from aotrace.compiler.objfile.describe import PRODUCER
from aotrace.compiler.pipeline import Compiler, Options
from aotrace.compiler.source import Source
from aotrace.compiler.syntax.preprocess import Options as PreprocessOptions

SUFFIX = ".bpf.o"


class BuildError(Exception):
    """A build cannot be done; hint says what to do. status: as a CompileError's."""

    status = 1

    def __init__(self, message: str, hint: str | None) -> None:
        super().__init__(message)
        self.hint = hint


class VariableError(BuildError):
    """A variable of the environment has a value that it cannot have."""

    status = 2


@dataclass(frozen=True)
class Request:
    """What to build, for which kernel and machine."""

    files: tuple[Path, ...]
    program: str | None
    btf: Path | None
    tracepoints: Path | None
    arch: str
    include_dirs: tuple[str, ...]
    warnings: bool
    includes: tuple[str, ...] = ()
    program_name: str = "-e"
    unsafe: bool = False


def version() -> str:
    return PRODUCER


def machine() -> str:
    """This machine's architecture as the objects name it."""
    return os.uname().machine if os.uname().machine in ARCHES else "x86_64"


def build(request: Request, output: Path | None) -> int:
    """Write an object per script; 1 when any of them failed."""
    scripts = _sources(request)
    targets = _targets(scripts, output)
    failed = False
    with _open(request) as compiler:
        for script, target in zip(scripts, targets, strict=True):
            try:
                _write(target, _object(compiler, script, request.warnings))
            except CompileError as error:
                print(error, file=sys.stderr)
                failed = True
    return 1 if failed else 0


def memory_object(request: Request) -> str:
    """Compile one script into memory that a following exec inherits; the path to open it by."""
    scripts = _sources(request)
    if len(scripts) != 1:
        raise BuildError("one script at a time can be run", None)
    with _open(request) as compiler:
        data = _object(compiler, scripts[0], request.warnings)
    fd = os.memfd_create("aotrace", 0)
    os.write(fd, data)
    return f"/proc/self/fd/{fd}"


def show(request: Request, stage: str) -> int:
    """Print what a stage makes of each script."""
    with _open(request) as compiler:
        for script in _sources(request):
            print(_STAGES[stage](compiler, script))
    return 0


def _open(request: Request) -> Compiler:
    backend = Backend()  # first: LLVM loads in its process while this one reads the kernel's types
    try:
        sources = open_sources(request.btf, request.tracepoints, request.arch)
    except BaseException:
        backend.close()
        raise
    options = Options(
        ARCHES[request.arch],
        _environment(request.unsafe),
        preprocessor=PreprocessOptions(
            include_dirs=request.include_dirs, includes=request.includes, arch=request.arch
        ),
        btf_path=request.btf,
    )
    return Compiler(sources, options, backend)


def _environment(unsafe: bool) -> Config:
    try:
        return replace(from_environment(os.environ), unsafe=unsafe)
    except ValueError as error:
        raise VariableError(str(error), "unset it, or correct its value") from error


def _sources(request: Request) -> list[Source]:
    scripts = [_read(path) for path in request.files]
    if request.program is not None:
        scripts.append(Source(request.program_name, request.program))
    if not scripts:
        raise BuildError("nothing to compile", "name a script, or give one with -e 'PROGRAM'")
    return scripts


def _read(path: Path) -> Source:
    try:
        return Source(str(path), path.read_text(encoding="utf-8", errors="surrogateescape"))
    except OSError as error:
        raise BuildError(f"cannot read {path}: {error.strerror}", None) from error


def _targets(scripts: list[Source], output: Path | None) -> list[Path]:
    names = [
        Path(Path(s.name).stem if s.name != "-e" else "program").name + SUFFIX for s in scripts
    ]
    twice = [name for name in names if names.count(name) > 1]
    if twice:
        raise BuildError(
            f"two of the scripts would be written to {twice[0]}", "compile them one by one, with -o"
        )
    if output is None:
        return [Path(name) for name in names]
    if output.is_dir() or len(scripts) > 1:
        if not output.is_dir():
            raise BuildError(f"{output} is not a directory", "several scripts need one to go to")
        return [output / name for name in names]
    return [output]


def _object(compiler: Compiler, script: Source, warnings: bool) -> bytes:
    analysis = compiler.analyse(script)
    if warnings:
        _print_all(analysis.warnings)
    return compiler.emit(script, analysis).object


def _print_all(diagnostics: tuple[Diagnostic, ...]) -> None:
    for diagnostic in diagnostics:
        print(diagnostic.render(), file=sys.stderr)


def _write(target: Path, data: bytes) -> None:
    """To a temporary file beside the target, then rename: never half an object.

    A device or a pipe is written to as it is, and never replaced.
    """
    try:
        if target.exists() and not target.is_file():
            target.write_bytes(data)
        else:
            _replace(target, data)
    except OSError as error:
        raise BuildError(
            f"cannot write {target}: {error.strerror}", "choose another place with -o"
        ) from error


def _replace(target: Path, data: bytes) -> None:
    partial = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        partial.write_bytes(data)
        partial.replace(target)
    except OSError:
        with suppress(OSError):
            partial.unlink()
        raise


def _show_tokens(compiler: Compiler, script: Source) -> str:
    from aotrace.compiler.syntax.dump import dump_tokens

    return dump_tokens(compiler.preprocess(script))


def _show_ast(compiler: Compiler, script: Source) -> str:
    from aotrace.compiler.syntax.dump import dump_ast

    return dump_ast(compiler.parse(script))


def _show_types(compiler: Compiler, script: Source) -> str:
    from aotrace.compiler.sema.dump import dump_types

    return dump_types(compiler.analyse(script).units)


def _show_plan(compiler: Compiler, script: Source) -> str:
    from aotrace.compiler.sema.dump import dump_plan

    return dump_plan(compiler.analyse(script).plan)


def _show_raw_ir(compiler: Compiler, script: Source) -> str:
    return str(compiler.emit(script, compiler.analyse(script), listings=True).raw_ir)


def _show_ir(compiler: Compiler, script: Source) -> str:
    return str(compiler.emit(script, compiler.analyse(script), listings=True).optimized_ir)


def _show_assembly(compiler: Compiler, script: Source) -> str:
    return str(compiler.emit(script, compiler.analyse(script), listings=True).assembly)


def _show_metadata(compiler: Compiler, script: Source) -> str:
    import json

    metadata = compiler.emit(script, compiler.analyse(script)).metadata
    return json.dumps(json.loads(metadata.dump()), indent=2)


_STAGES: dict[str, Callable[[Compiler, Source], str]] = {
    "tokens": _show_tokens,
    "ast": _show_ast,
    "types": _show_types,
    "plan": _show_plan,
    "raw-ir": _show_raw_ir,
    "ir": _show_ir,
    "asm": _show_assembly,
    "metadata": _show_metadata,
}
STAGES = tuple(_STAGES)
