"""The command line of `aotracec run`: bpftrace's, with the same meanings and exit statuses.

Each option is a row of OPTIONS. What is the loader's business is handed on to it.
"""

from __future__ import annotations

import getopt
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path


class LineError(Exception):
    """The command line makes no sense. usage: the help goes with it."""

    def __init__(self, message: str, usage: bool = False) -> None:
        super().__init__(message)
        self.usage = usage


@dataclass
class RunLine:
    """What was asked for. loader: options that are handed on; words: the script's parameters.

    action: what to do instead of running the script, if anything.
    """

    program: str | None = None
    file: str | None = None
    words: list[str] = field(default_factory=list)
    include_dirs: list[str] = field(default_factory=list)
    includes: list[str] = field(default_factory=list)
    stages: list[str] = field(default_factory=list)
    debuginfo: str = ""
    loader: list[str] = field(default_factory=list)
    warnings: bool = True
    checks: bool = False
    unsafe: bool = False
    verbose: bool = False
    pid: bool = False
    command: bool = False
    mode: str = ""
    action: str = "run"
    target: str = ""


Read = Callable[[RunLine, str], None]


@dataclass(frozen=True)
class Option:
    """One option: its spellings, its value's name (empty: it has none), what it does, its help."""

    flags: tuple[str, ...]
    metavar: str
    read: Read
    text: str


STAGES = {
    "ast": "ast", "types": "types", "codegen": "raw-ir", "codegen-opt": "ir", "dis": "asm",
    "parse": "tokens",
}  # fmt: skip
_LOADER_STAGES = ("libbpf", "verifier")  # the loader's -v shows them
_MODES = ("codegen", "bench", "test", "compiler-bench", "format")
_BUFFERS = ("line", "full", "none")


def _hand_on(flag: str) -> Read:
    def read(line: RunLine, value: str) -> None:
        line.loader += [flag, value] if value else [flag]

    return read


def _do(action: str) -> Read:
    def read(line: RunLine, value: str) -> None:
        line.action, line.target = action, value

    return read


def _nothing(line: RunLine, value: str) -> None:
    """It is so anyway."""


def _program(line: RunLine, value: str) -> None:
    line.program = value


def _pid(line: RunLine, value: str) -> None:
    line.pid = True
    line.loader += ["-p", value]


def _command(line: RunLine, value: str) -> None:
    if value:  # an empty one is none
        line.command = True
        line.loader += ["-c", value]


def _buffering(line: RunLine, value: str) -> None:
    if value not in _BUFFERS:
        raise LineError("USAGE: -B must be either 'line', 'full', or 'none'.")
    line.loader += ["-B", value]


def _verbose(line: RunLine, value: str) -> None:
    line.verbose = True
    line.loader.append("-v")


def _unsafe(line: RunLine, value: str) -> None:
    line.unsafe = True
    line.loader.append("--unsafe")


def _checks(line: RunLine, value: str) -> None:
    if line.checks:
        raise LineError("USAGE: -kk has been deprecated. Use a single -k.")
    _warn(line, line.warnings, True)
    line.loader.append("-k")


def _no_warnings(line: RunLine, value: str) -> None:
    _warn(line, False, line.checks)
    line.loader.append("--no-warnings")


def _warn(line: RunLine, warnings: bool, checks: bool) -> None:
    if checks and not warnings:
        raise LineError("USAGE: -k, --warnings conflicts with --no-warnings")
    line.warnings, line.checks = warnings, checks


def _debuginfo(line: RunLine, value: str) -> None:
    line.debuginfo = value
    line.loader += ["--debuginfo", value]


def _stages(line: RunLine, value: str) -> None:
    for name in filter(None, value.split(",")):
        if name == "all":
            line.stages += [stage for stage in STAGES.values() if stage not in ("tokens", "asm")]
            line.loader.append("-v")
        elif name in STAGES:
            line.stages.append(STAGES[name])
        elif name in _LOADER_STAGES:
            line.loader.append("-v")
        else:
            raise LineError(f"USAGE: invalid option for -d: {name}")


def _mode(value: str = "") -> Read:
    def read(line: RunLine, given: str) -> None:
        mode = value or given
        if mode not in _MODES:
            known = "'codegen', 'compiler-bench', 'bench', 'test' or 'format'"
            raise LineError(f"USAGE: --mode can only be {known}.")
        if line.mode:
            raise LineError(f"USAGE: --{mode} conflicts with existing --mode")
        line.mode = mode
        if mode in ("test", "bench"):
            line.loader.append(f"--{mode}")

    return read


def _include_dir(line: RunLine, value: str) -> None:
    line.include_dirs.append(value)


def _include(line: RunLine, value: str) -> None:
    line.includes.append(value)


OPTIONS = (
    Option(("-e",), "PROGRAM", _program, "run this program"),
    Option(("-l", "--list"), "", _do("list"), "list probes: [SEARCH], or those of a script"),
    Option(("-v", "--verbose"), "", _verbose, "show what libbpf and the verifier say"),
    Option(("-h", "--help"), "", _do("help"), "show this"),
    Option(("-V", "--version"), "", _do("version"), "show the version"),
    Option(("--info",), "", _do("info"), "show what this machine has"),
    Option(("-p", "--pid"), "PID", _pid, "trace this process, and end when it does"),
    Option(("-c", "--cmd"), "CMD", _command, "run a command and trace until it ends"),
    Option(("-o", "--output"), "FILE", _hand_on("-o"), "write what is traced to a file"),
    Option(("-f",), "FORMAT", _hand_on("-f"), "text or json"),
    Option(("-B",), "MODE", _buffering, "when output is written: line, full or none"),
    Option(("-q", "--quiet"), "", _hand_on("-q"), "do not say how many probes were attached"),
    Option(("-k", "--warnings"), "", _checks, "warn of failed reads and look-ups, too"),
    Option(("--no-warnings",), "", _no_warnings, "show no warnings"),
    Option(("-I",), "DIR", _include_dir, "search DIR for #include files"),
    Option(("--include",), "FILE", _include, "include FILE before the script"),
    Option(("--probe-filter",), "REGEX", _hand_on("--probe-filter"),
           "attach only the probes that match"),
    Option(("--no-feature",), "FEATURE[,FEATURE]", _hand_on("--no-feature"),
           "do without kprobe_multi, kprobe_session, uprobe_multi"),
    Option(("--traceable-functions",), "FILE", _hand_on("--traceable-functions"),
           "functions that can be traced, a line each"),
    Option(("--debuginfo",), "DIR[:DIR]", _debuginfo, "folders of debug files to search first"),
    Option(("--dwarf-pid",), "PID", _hand_on("--dwarf-pid"), "dw_ustack() of this process, too"),
    Option(("--test",), "", _mode("test"), "run the script's test probes"),
    Option(("--bench",), "", _mode("bench"), "run the script's bench probes"),
    Option(("--fmt",), "", _mode("format"), "not there: scripts are not formatted"),
    Option(("--mode",), "MODE", _mode(), "codegen, test or bench"),
    Option(("--unsafe",), "", _unsafe, "allow functions that can do harm, such as system()"),
    Option(("--dry-run",), "", _hand_on("--dry-run"), "load and attach, then leave"),
    Option(("-d", "--debug"), "STAGE", _stages, f"show {', '.join(STAGES)}, libbpf, verifier, all"),
    Option(("--emit-elf",), "FILE", _do("emit-elf"), "write the object to FILE, run nothing"),
    Option(("--aot",), "FILE", _do("emit-elf"), "the same: the object runs by `aotrace run`"),
    Option(("--emit-llvm",), "FILE", _do("emit-llvm"),
           "write FILE.original.ll and FILE.optimized.ll, then run"),
    Option(("-b", "--btf"), "", _nothing, "as always: types come from BTF"),
    Option(("--usdt-file-activation",), "", _nothing,
           "as always: a usdt probe's counter is raised in every process"),
    Option(("--verify-llvm-ir",), "", _nothing, "as always: LLVM verifies the code"),
)  # fmt: skip
_BY_FLAG = {flag: option for option in OPTIONS for flag in option.flags}
_HEAD = """usage: aotracec run [options] FILE [PARAMETER...] [-- PARAMETER... --NAME=VALUE...]
       aotracec run [options] -e PROGRAM ...
       aotracec run [options] - < PROGRAM

Compile and run a script on this machine, by bpftrace's command line: alias bpftrace='aotracec run'

options:
"""


def parse(arguments: Sequence[str]) -> RunLine:
    """Read the words after `run`. Raises LineError."""
    line = RunLine()
    if not arguments:
        raise LineError("", usage=True)
    try:
        found, rest = getopt.gnu_getopt(list(arguments), _short(), _long())
    except getopt.GetoptError as error:
        raise LineError(f"aotracec run: {error.msg}", usage=True) from None
    for flag, value in found:
        _BY_FLAG[flag].read(line, value)
        if line.action in ("help", "version", "info"):
            return line
    _place_words(line, rest)
    return line


def _place_words(line: RunLine, rest: list[str]) -> None:
    if line.command and line.pid:
        raise LineError("USAGE: Cannot use both -c and -p.", usage=True)
    if line.action == "list":
        if len(rest) > 1:
            raise LineError("", usage=True)
        line.target = rest[0] if rest else ""
        return
    if line.program is None:
        if not rest:
            raise LineError("USAGE: filename or -e 'program' required.")
        line.file = rest.pop(0)
    line.words = rest


def _short() -> str:
    return "".join(
        flag[1] + (":" if option.metavar else "")
        for flag, option in _BY_FLAG.items()
        if not flag.startswith("--")
    )


def _long() -> list[str]:
    return [
        flag[2:] + ("=" if option.metavar else "")
        for flag, option in _BY_FLAG.items()
        if flag.startswith("--")
    ]


def usage() -> str:
    """The help, with a newline at its end."""
    rows = [(", ".join(o.flags) + (f" {o.metavar}" if o.metavar else ""), o.text) for o in OPTIONS]
    return _HEAD + "".join(f"  {flags:<24} {text}\n" for flags, text in rows)


def script_path(line: RunLine) -> Path | None:
    """The script's file, where it is one."""
    return Path(line.file) if line.file not in (None, "-") else None
