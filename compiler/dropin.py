"""`aotracec run`: what bpftrace does with its command line, done by compiler and loader."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from contextlib import redirect_stdout
from dataclasses import replace
from pathlib import Path

from aotrace.compiler import build
from aotrace.compiler.runline import LineError, RunLine, parse, script_path, usage
from aotrace.runtime import debugfiles

LOADER = "aotrace.loader.cli"  # run as a program of its own: the two never meet in one process
#: modes of bpftrace that are not offered, and why
_ABSENT = {
    "format": "the parser keeps no comments, which must not be lost",
    "compiler-bench": "it times the passes of bpftrace's own compiler",
}
_STDIN = "stdin"  # what bpftrace calls a program that is no file
_BTF_VARIABLE = "BPFTRACE_BTF"


def run(arguments: list[str]) -> int:
    """Everything behind `aotracec run`; the exit status, if the loader does not take over."""
    try:
        line = parse(arguments)
    except LineError as error:
        if str(error):
            print(f"ERROR: {error}", file=sys.stderr)
        if error.usage:
            sys.stderr.write(usage())
        return 1
    return _ACTIONS[line.action](line)


def _run(line: RunLine) -> int:
    debugfiles.search(line.debuginfo)
    request = _request(line)
    for stage in line.stages:
        _show(request, stage)
    if line.mode in _ABSENT:
        raise build.BuildError(f"--mode {line.mode} is not there: {_ABSENT[line.mode]}", None)
    path = build.memory_object(request)
    if line.mode == "codegen":
        return 0
    tail = ["--", *line.words] if line.words else []
    return _loader("run", path, *line.loader, *tail)


def _loader(*words: str) -> int:
    os.execv(sys.executable, [sys.executable, "-m", LOADER, *words])


def _request(line: RunLine) -> build.Request:
    btf, file, program = os.environ.get(_BTF_VARIABLE), script_path(line), line.program
    if file is None and program is None:
        program = sys.stdin.buffer.read().decode("utf-8", "surrogateescape")
    return build.Request(
        files=(file,) if file else (), program=program, program_name=_STDIN,
        btf=Path(btf) if btf else None, tracepoints=None, arch=build.machine(),
        include_dirs=tuple(line.include_dirs), includes=tuple(line.includes),
        warnings=line.warnings, unsafe=line.unsafe,
    )  # fmt: skip


def _show(request: build.Request, stage: str) -> None:
    """The tree goes to standard error, as in bpftrace; what is compiled to standard output."""
    quiet = replace(request, warnings=False)
    with redirect_stdout(sys.stderr if stage == "ast" else sys.stdout):
        build.show(quiet, stage)
    sys.stdout.flush()


def _emit_elf(line: RunLine) -> int:
    return build.build(_request(line), Path(line.target))


def _emit_llvm(line: RunLine) -> int:
    request = _request(line)
    for ending, stage in (("original", "raw-ir"), ("optimized", "ir")):
        with (
            open(f"{line.target}.{ending}.ll", "w", encoding="utf-8") as file,
            redirect_stdout(file),
        ):
            build.show(request, stage)
    return _run(line)


def _list(line: RunLine) -> int:
    verbose = ["-v"] if line.verbose else []
    target = line.target
    if line.program is None and not os.path.isfile(target):
        return _loader("list", *([target] if target else []), *verbose, *_of_process(line))
    request = _request(replace(line, file=target or None))
    return _loader("list", build.memory_object(request), *verbose)


def _of_process(line: RunLine) -> list[str]:
    """-p, whose process may tell what can be listed."""
    return ["-p", line.loader[line.loader.index("-p") + 1]] if "-p" in line.loader else []


def _info(line: RunLine) -> int:
    return _loader("info")


def _help(line: RunLine) -> int:
    sys.stdout.write(usage())
    return 0


def _version(line: RunLine) -> int:
    print(build.version())
    return 0


_ACTIONS: dict[str, Callable[[RunLine], int]] = {
    "run": _run,
    "emit-elf": _emit_elf,
    "emit-llvm": _emit_llvm,
    "list": _list,
    "info": _info,
    "help": _help,
    "version": _version,
}
