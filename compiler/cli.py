"""The command line of aotracec: arguments only; the work is in pipeline.py and build.py."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from aotrace.compiler import build
from aotrace.compiler.arch import ARCHES
from aotrace.compiler.codegen.errors import REPORT
from aotrace.compiler.diagnostics import CompileError
from aotrace.compiler.kernel.errors import KernelDataError

_RUN = "run"
_COMMANDS = ("build", _RUN, "list-builtins")
TRACEBACK = "AOTRACE_TRACEBACK"  # set: show where in the compiler an unforeseen error arose


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point; returns the exit status."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    if (
        arguments
        and arguments[0] not in _COMMANDS
        and arguments[0] not in ("-h", "--help", "--version")
    ):
        arguments.insert(0, "build")  # `aotracec -e PROGRAM`, `aotracec FILE`
    status = 1
    try:
        return _dispatch(arguments)
    except CompileError as error:
        print(error, file=sys.stderr)
        status = error.status
    except (KernelDataError, build.BuildError) as error:
        print(f"ERROR: {error}", file=sys.stderr)
        if error.hint:
            print(f"HINT: {error.hint}", file=sys.stderr)
        status = error.status if isinstance(error, build.BuildError) else status
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # the reader of --emit has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except Exception as error:
        if os.environ.get(TRACEBACK):
            raise
        print(f"ERROR: a fault of the compiler: {type(error).__name__}: {error}", file=sys.stderr)
        print(f"HINT: {REPORT}, with what {TRACEBACK}=1 shows", file=sys.stderr)
    return status if arguments[:1] == [_RUN] else 1


def _dispatch(arguments: list[str]) -> int:
    if arguments[:1] == [_RUN]:  # bpftrace's command line, and no other
        from aotrace.compiler import dropin

        return dropin.run(arguments[1:])
    if "--" in arguments:
        raise build.BuildError("arguments after -- are for `aotracec run`", None)
    options = _parser().parse_args(arguments)
    return int(options.command(options))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="aotracec", description="Compile bpftrace scripts into portable BPF objects."
    )
    parser.add_argument("--version", action="version", version=build.version())
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    compile_ = commands.add_parser("build", help="compile scripts into NAME.bpf.o")
    compile_.add_argument("files", nargs="*", type=Path, metavar="FILE", help="a .bt script")
    _add_inputs(compile_)
    compile_.add_argument(
        "-o", "--output", type=Path, metavar="OUT",
        help="file to write; a directory for several scripts",
    )  # fmt: skip
    compile_.add_argument(
        "--emit", choices=build.STAGES, metavar="STAGE",
        help="stop after a stage and print it: " + ", ".join(build.STAGES),
    )  # fmt: skip
    compile_.set_defaults(command=_build)
    commands.add_parser("run", help="compile and run on this machine; see `aotracec run --help`")
    names = commands.add_parser("list-builtins", help="list all names of the language")
    names.add_argument("--json", action="store_const", dest="form", const="json", default="text")
    names.add_argument("--markdown", action="store_const", dest="form", const="markdown")
    names.set_defaults(command=_list_builtins)
    return parser


def _add_inputs(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("-e", metavar="PROGRAM", dest="program", help="a script given here")
    parser.add_argument(
        "--btf", type=Path, metavar="FILE", help="BTF to build against (this kernel's)"
    )
    parser.add_argument("--tracepoints", type=Path, metavar="DIR-OR-FILE",
                        help="tracepoint formats to build against")  # fmt: skip
    parser.add_argument(
        "--arch", choices=sorted(ARCHES), default=build.machine(), help="target machine"
    )
    parser.add_argument(
        "-I", metavar="DIR", dest="include_dirs", action="append", default=[],
        help="search DIR for #include files",
    )  # fmt: skip
    parser.add_argument("--no-warnings", action="store_true")
    parser.add_argument(
        "--unsafe", action="store_true", help="allow functions that can do harm, such as system()"
    )


def _request(options: argparse.Namespace) -> build.Request:
    return build.Request(
        files=tuple(options.files), program=options.program, btf=options.btf,
        tracepoints=options.tracepoints, arch=options.arch,
        include_dirs=tuple(options.include_dirs), warnings=not options.no_warnings,
        unsafe=options.unsafe,
    )  # fmt: skip


def _build(options: argparse.Namespace) -> int:
    if options.emit:
        return build.show(_request(options), options.emit)
    return build.build(_request(options), options.output)


def _list_builtins(options: argparse.Namespace) -> int:
    from aotrace.compiler import reference

    forms = {
        "text": reference.as_text, "json": reference.as_json, "markdown": reference.as_markdown,
    }  # fmt: skip
    print(forms[options.form]())
    return 0


if __name__ == "__main__":
    sys.exit(main())
