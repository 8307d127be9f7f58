"""The straight line from source text to object bytes: one typed call per stage.

A Compiler is opened once for one kernel and may translate many scripts; each pass reports all its
errors, and the line stops after the first pass that reported any (CompileError).
"""

from __future__ import annotations

from dataclasses import field
from pathlib import Path
from types import TracebackType

from aotrace.compiler.arch import Arch
from aotrace.compiler.builtins.external import external_functions
from aotrace.compiler.cdecl.declare import declare_types
from aotrace.compiler.codegen.backend import Backend
from aotrace.compiler.codegen.errors import CodegenError
from aotrace.compiler.codegen.program import generate
from aotrace.compiler.config import Config
from aotrace.compiler.diagnostics import CError, CompileError, Diagnostic, Diagnostics, Severity
from aotrace.compiler.frozen import dataclass
from aotrace.compiler.kernel.btf import Btf
from aotrace.compiler.kernel.sources import KernelSources
from aotrace.compiler.objfile import elf
from aotrace.compiler.objfile.describe import describe
from aotrace.compiler.objfile.external import ExternalError, Toolchain
from aotrace.compiler.objfile.finish import finish
from aotrace.compiler.sema.assigned import check_assigned
from aotrace.compiler.sema.bare import write_out_calls
from aotrace.compiler.sema.check import check_types
from aotrace.compiler.sema.configure import read_config
from aotrace.compiler.sema.expand import expand_macros
from aotrace.compiler.sema.flow import check_flow
from aotrace.compiler.sema.fold import Constant, fold_constants
from aotrace.compiler.sema.imports import External, Script, read_script
from aotrace.compiler.sema.infer import Inference, infer_types
from aotrace.compiler.sema.mapdecls import read_declarations
from aotrace.compiler.sema.names import Names, resolve_names
from aotrace.compiler.sema.pinned import check_pinned
from aotrace.compiler.sema.plan import Plan, make_plan
from aotrace.compiler.sema.settings import collect_parameters
from aotrace.compiler.sema.tables import NodeTable
from aotrace.compiler.sema.units import Unit, resolve_probes
from aotrace.compiler.sema.unstable import check_unstable
from aotrace.compiler.sema.warn import warn_of
from aotrace.compiler.source import Source, Span
from aotrace.compiler.syntax.nodes import Program
from aotrace.compiler.syntax.preprocess import Options as PreprocessOptions
from aotrace.compiler.syntax.preprocess import Preprocessed, preprocess
from aotrace.runtime.metadata import Metadata


@dataclass(frozen=True)
class Options:
    """What a build is made for."""

    arch: Arch
    config: Config = field(default_factory=Config)
    preprocessor: PreprocessOptions = field(default_factory=PreprocessOptions)
    #: where the kernel's BTF was read from; None: this machine's own
    btf_path: Path | None = None


@dataclass(frozen=True)
class Analysis:
    """A script whose meaning is known."""

    program: Program
    btf: Btf  # the kernel's, with what the script declares
    units: list[Unit]
    names: Names
    constants: NodeTable[Constant]
    found: Inference
    plan: Plan
    config: Config
    warnings: tuple[Diagnostic, ...]
    #: of the C that is imported, to be linked in
    objects: tuple[bytes, ...] = ()


@dataclass(frozen=True)
class Output:
    """A finished object; the listings are there when they were asked for."""

    object: bytes
    metadata: Metadata
    raw_ir: str | None
    optimized_ir: str | None
    assembly: str | None


class Compiler:
    """Translates scripts for one kernel. LLVM runs in a process of its own."""

    def __init__(self, sources: KernelSources, options: Options, backend: Backend) -> None:
        self.sources = sources
        self.options = options
        self.backend = backend

    def __enter__(self) -> Compiler:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:  # fmt: skip
        self.backend.close()

    def preprocess(self, source: Source) -> Preprocessed:
        diagnostics = Diagnostics()
        prepared = preprocess(source, self.options.preprocessor, diagnostics)
        diagnostics.stop_if_failed(CError)
        return prepared

    def parse(self, source: Source) -> Program:
        """Source text to AST, imports left as they are written. Raises CompileError."""
        return self.read(source).program

    def read(self, source: Source) -> Script:
        """Source text to AST, with those of all that the script imports. Raises CompileError."""
        diagnostics = Diagnostics()
        script = read_script(source, self.options.preprocessor, diagnostics)
        diagnostics.stop_if_failed()
        return script

    def analyse(self, source: Source) -> Analysis:
        """Source text to plan. Raises CompileError."""
        script = self.read(source)
        program = script.merged()
        diagnostics = Diagnostics()
        program = expand_macros(program, diagnostics)
        diagnostics.stop_if_failed()
        program = write_out_calls(program)
        btf = declare_types(
            program.definitions, self.sources.btf, self.options.arch.name, diagnostics
        )
        diagnostics.stop_if_failed(CError)
        config = read_config(program, self.options.config, diagnostics)
        check_unstable(program, config, diagnostics)
        units = resolve_probes(program, self.sources, btf, self.options.arch, config, diagnostics)
        objects = self.external_objects(script.externals(), diagnostics)
        diagnostics.stop_if_failed()
        externals = {f.name: f for data in objects for f in external_functions(_btf_of(data))}
        names = resolve_names(program, btf, externals, diagnostics)
        diagnostics.stop_if_failed()
        constants = fold_constants(program, names)
        found = infer_types(units, names, constants, btf, config, diagnostics)
        diagnostics.stop_if_failed()
        check_flow(program, diagnostics)
        check_assigned(program, names, diagnostics)
        check_types(units, names, found, btf, config, diagnostics)
        diagnostics.stop_if_failed()
        warn_of(units, names, found, diagnostics)
        declared = read_declarations(program, constants, found, diagnostics)
        diagnostics.stop_if_failed()
        parameters = collect_parameters(units, names, btf, config, diagnostics)
        diagnostics.stop_if_failed()
        plan = make_plan(units, names, found, declared, btf, config)
        plan.parameters.update(parameters)
        check_pinned(plan, diagnostics)
        diagnostics.stop_if_failed()
        warnings = diagnostics.warnings
        return Analysis(
            program, btf, units, names, constants, found, plan, config, warnings, objects
        )

    def external_objects(
        self, externals: list[External], diagnostics: Diagnostics
    ) -> tuple[bytes, ...]:
        """The objects of the files of C that a script imports."""
        options, objects = self.options, []
        toolchain = Toolchain(options.arch, options.preprocessor.include_dirs, options.btf_path)
        for external in externals:
            try:
                objects.append(toolchain.object_of(external.path))
            except ExternalError as error:
                diagnostics.error(str(error), external.span, *error.hints)
        return tuple(objects)

    def emit(self, source: Source, analysis: Analysis, listings: bool = False) -> Output:
        """Plan to object bytes. Raises CompileError."""
        a, options = analysis, self.options
        described: list[Metadata] = []

        def section(settings: dict[str, int]) -> bytes:
            described.append(describe(source, options.arch, a.config, a.plan, module, settings))
            return described[0].dump()

        try:
            module = generate(
                source, options.arch.name, a.plan, a.names, a.found, a.btf, a.config
            )  # fmt: skip
            written = module.finish()
            emitted = self.backend.emit(written, options.arch.name, listings)
            finished = finish(emitted.object, module.fixups, section, a.objects)
        except ExternalError as error:
            failed = Diagnostic(Severity.ERROR, str(error), None, error.hints)
            raise CompileError([*a.warnings, failed]) from error
        except CodegenError as error:
            raise CompileError([*a.warnings, _diagnosis(source, error)]) from error
        raw = written if listings else None
        return Output(finished, described[0], raw, emitted.optimized_ir, emitted.assembly)


def _btf_of(object_bytes: bytes) -> Btf:
    """The BTF of an object of C."""
    return Btf.parse(bytes(elf.read(object_bytes).section(".BTF").data))


def _diagnosis(source: Source, error: CodegenError) -> Diagnostic:
    """The code generator's complaint as a message about the script."""
    span = error.span
    if error.line and not span:
        start = sum(len(source.line(n)) + 1 for n in range(1, error.line))
        start = min(start + max(error.column - 1, 0), len(source.text))
        span = Span(source, start, min(start + 1, len(source.text)))
    return Diagnostic(Severity.ERROR, error.message, span, (error.hint,) if error.hint else ())
