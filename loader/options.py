"""The command line, read by one small table: argparse would take longer to import than a script to
load."""

from __future__ import annotations

from aotrace.loader.errors import LoaderError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

FORMATS = ("text", "json")
BUFFERING = ("line", "full", "none")


class UsageError(LoaderError):
    """The command line makes no sense."""


class Option:
    """One option: its spellings, the attribute it sets, its value's name (None: a switch), help."""

    def __init__(
        self, flags: tuple[str, ...], name: str, metavar: str | None, text: str, sets: Any = True
    ) -> None:
        self.flags = flags
        self.name = name
        self.metavar = metavar
        self.text = text
        self.sets = sets


RUN_OPTIONS = (
    Option(("-p", "--pid"), "pid", "PID", "trace this process, and end when it does"),
    Option(("-c", "--cmd"), "command", "CMD", "run a command and trace it until it ends"),
    Option(("-o", "--output"), "output", "FILE", "write what is traced to a file"),
    Option(("-f", "--format"), "format", "FORMAT", "text (as it is by default) or json"),
    Option(("-B",), "buffering", "MODE", "when output is written: line (the default), full, none"),
    Option(("-q", "--quiet"), "quiet", None, "do not say how many probes were attached"),
    Option(("-v", "--verbose"), "verbose", None, "show what libbpf and the verifier say"),
    Option(("-k", "--warnings"), "checks", None, "warn of failed reads and look-ups, too"),
    Option(("--no-warnings",), "warnings", None, "show no warnings", sets=False),
    Option(("--probe-filter",), "probe_filter", "REGEX", "attach only the probes that match"),
    Option(("--unsafe",), "unsafe", None, "allow what can do harm, such as system()"),
    Option(
        ("--no-feature",),
        "without",
        "FEATURE[,FEATURE]",
        "do without kprobe_multi, kprobe_session, uprobe_multi",
    ),
    Option(
        ("--traceable-functions",), "functions", "FILE", "functions that can be traced, a line each"
    ),
    Option(("--debuginfo",), "debuginfo", "DIR[:DIR]", "folders of debug files to search first"),
    Option(("--dwarf-pid",), "dwarf_pids", "PID", "dw_ustack() of this process, too"),
    Option(("--dry-run",), "dry_run", None, "load and attach, then leave"),
    Option(("--test",), "trial", None, "run the script's tests", sets="test"),
    Option(("--bench",), "trial", None, "run the script's benchmarks", sets="bench"),
)
LIST_OPTIONS = (
    Option(("-v", "--verbose"), "verbose", None, "show arguments and definitions, too"),
    Option(("-p", "--pid"), "pid", "PID", "list what this process has, too"),
    Option(("-r", "--regex"), "regex", None, "the search is a regular expression"),
)
FEATURES = ("kprobe_multi", "kprobe_session", "uprobe_multi")
INSPECT_OPTIONS = (Option(("--json",), "json", None, "print JSON"),)
INFO_OPTIONS = INSPECT_OPTIONS
HELP = Option(("-h", "--help"), "help", None, "show this")


class Options:
    """What was asked for. `parameters` are the words for the script: those behind the object's name
    that are no options, and all after `--`."""

    def __init__(self) -> None:
        self.object = ""
        self.parameters: list[str] = []
        self.pid: int | None = None
        self.command: str | None = None
        self.output: str | None = None
        self.format = "text"
        self.buffering = "line"
        self.quiet = False
        self.verbose = False
        self.warnings = True
        self.checks = False
        self.probe_filter: str | None = None
        self.without = ""
        self.functions: str | None = None
        self.debuginfo = ""
        self.dwarf_pids: list[int] = []
        self.dry_run = False
        self.unsafe = False
        self.trial = ""
        self.json = False
        self.regex = False
        self.help = False

    @property
    def warning_level(self) -> int:
        """How much programs tell of what fails in them: nothing, the usual, everything."""
        return 2 if self.checks else int(self.warnings)


def parse(arguments: Sequence[str], table: Sequence[Option], alone: bool = False) -> Options:
    """Read the words after the command. Raises UsageError. `alone`: no object must be named."""
    options = Options()
    words = list(arguments)
    by_flag = {flag: option for option in (*table, HELP) for flag in option.flags}
    objects: list[str] = []
    while words:
        word = words.pop(0)
        if word == "--":
            options.parameters = words
            break
        if not word.startswith("-") or word == "-":
            objects.append(word)
            continue
        flag, given = _split(word)
        option = by_flag.get(flag)
        if option is None:
            raise UsageError(f"no such option: {word}", _SEE)
        value = _value(option, flag, given, words)
        if isinstance(getattr(options, option.name), list):  # it may be given several times
            value = [*getattr(options, option.name), value]
        setattr(options, option.name, value)
    options.object, options.parameters = _sorted(objects, options.parameters)
    if not options.help:
        _check(options, alone)
    return options


def _sorted(words: list[str], parameters: list[str]) -> tuple[str, list[str]]:
    """The object's name (or nothing), and what is left for the script."""
    return (words[0], words[1:] + parameters) if words else ("", parameters)


_SEE = "see aotrace --help"


def _split(word: str) -> tuple[str, str | None]:
    """`--flag=value` and `-fvalue` into their two parts; a flag alone has no value."""
    if word.startswith("--"):
        flag, equals, value = word.partition("=")
        return flag, value if equals else None
    return word[:2], word[2:] or None


def _value(option: Option, flag: str, given: str | None, words: list[str]) -> Any:
    if option.metavar is None:
        if given is not None:
            raise UsageError(f"{flag} takes no value: {given}", _SEE)
        return option.sets
    if given is None and not words:
        raise UsageError(f"{flag} needs a value: {flag} {option.metavar}", _SEE)
    return words.pop(0) if given is None else given


def _check(options: Options, alone: bool) -> None:
    """What the words mean. Sets the numbers of processes."""
    if not options.object and not alone:
        hint = "usage: aotrace run OBJECT [options] [-- parameters]"
        raise UsageError("no object file is given", hint)
    if options.format not in FORMATS:
        raise UsageError(f"no output format {options.format!r}", f"formats: {', '.join(FORMATS)}")
    if options.buffering not in BUFFERING:
        raise UsageError(f"no buffering {options.buffering!r}", f"modes: {', '.join(BUFFERING)}")
    unknown = [word for word in options.without.split(",") if word and word not in FEATURES]
    if unknown:
        raise UsageError(f"no such feature: {unknown[0]}", f"features: {', '.join(FEATURES)}")
    if options.checks and not options.warnings:
        raise UsageError("-k and --no-warnings exclude each other", _SEE)
    if options.pid is not None and options.command is not None:
        raise UsageError("-p and -c exclude each other", _SEE)
    if options.pid is not None:
        options.pid = _pid(options.pid)
    options.dwarf_pids = [_pid(given) for given in options.dwarf_pids]


def _pid(given: object) -> int:
    text = str(given)
    if not text.isdecimal() or not 0 < int(text) < 1 << 31:
        raise UsageError(f"not a process id: {given}", _SEE)
    return int(text)


def describe(table: Sequence[Option]) -> str:
    """The options as lines of help."""
    rows = [(", ".join(o.flags) + (f" {o.metavar}" if o.metavar else ""), o.text) for o in table]
    return "".join(f"  {flags:<24} {text}\n" for flags, text in rows)
