"""The command line of aotrace: arguments, exit status and how errors look."""

from __future__ import annotations

import os
import sys

from aotrace.loader.errors import LoaderError
from aotrace.loader.options import (
    HELP,
    INFO_OPTIONS,
    INSPECT_OPTIONS,
    LIST_OPTIONS,
    RUN_OPTIONS,
    Options,
    UsageError,
    describe,
    parse,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from aotrace.loader.options import Option

_INTERRUPTED, _PIPE_CLOSED = 128 + 2, 128 + 13  # what a shell says of SIGINT and SIGPIPE


class Command:
    """One command: what it does with its options. `alone`: it needs no object."""

    def __init__(
        self,
        name: str,
        text: str,
        options: Sequence[Option],
        run: Callable[[Options], int],
        alone: bool = False,
    ) -> None:
        self.name = name
        self.text = text
        self.options = options
        self.run = run
        self.alone = alone


def _run(options: Options) -> int:
    from aotrace.loader.output.sink import BrokenSink
    from aotrace.loader.session import run

    try:
        return run(options)
    except BrokenSink:
        return _PIPE_CLOSED


def _help_on(options: Options) -> str:
    """Help on an object's own parameters where one is named, else on the program."""
    if not options.object:
        return _help()
    from aotrace.loader.inspection import usage

    return usage(options.object) + f"\noptions:\n{describe((*RUN_OPTIONS, HELP))}"


def _inspect(options: Options) -> int:
    if options.parameters:
        raise UsageError(f"more than one object: {options.object} {options.parameters[0]}")
    from aotrace.loader.inspection import show

    return show(options)


def _info(options: Options) -> int:
    from aotrace.loader.info import show
    from aotrace.loader.target import check_privileges

    check_privileges()
    return show(options)


def _list(options: Options) -> int:
    from aotrace.loader.listing import show

    if options.parameters:
        raise UsageError(f"more than one search: {options.object} {options.parameters[0]}", _COMMA)
    return show(options)


_COMMA = "separate several by commas, and quote what the shell would expand"
COMMANDS = (
    Command("run", "load an object and trace", RUN_OPTIONS, _run),
    Command(
        "list",
        "list probes (TYPE:WHAT, *), structs, or an object's",
        LIST_OPTIONS,
        _list,
        alone=True,
    ),
    Command("inspect", "show what an object contains", INSPECT_OPTIONS, _inspect),
    Command(
        "info", "show what this machine has for objects to use", INFO_OPTIONS, _info, alone=True
    ),
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Entry point; returns the exit status."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    _fill_standard_files()
    try:
        return _dispatch(words)
    except LoaderError as error:
        from aotrace.loader.console import report

        report(error)
        return error.status
    except KeyboardInterrupt:
        return _INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what is still pending goes nowhere
        return _PIPE_CLOSED


def _fill_standard_files() -> None:
    """Without them, what is opened next would be taken for standard output."""
    while True:
        fd = os.open(os.devnull, os.O_RDWR)
        if fd > 2:
            os.close(fd)
            return


def _dispatch(words: list[str]) -> int:
    first = words.pop(0) if words else "--help"
    if first in HELP.flags:
        sys.stdout.write(_help())
        return 0
    if first == "--version":
        from importlib.metadata import version

        sys.stdout.write(f"aotrace {version('aotrace')}\n")
        return 0
    for command in COMMANDS:
        if command.name == first:
            options = parse(words, command.options, command.alone)
            if options.help:
                sys.stdout.write(_help_on(options))
                return 0
            return command.run(options)
    raise UsageError(
        f"no such command: {first}", "commands: run, list, inspect, info; see aotrace --help"
    )


def _help() -> str:
    text = "usage: aotrace COMMAND OBJECT [options] [-- parameters]\n\ncommands:\n"
    text += "".join(f"  {command.name:<24} {command.text}\n" for command in COMMANDS)
    for command in COMMANDS:
        text += f"\noptions of {command.name}:\n{describe(command.options)}"
    return text + f"\n{describe((HELP,))}  {'--version':<24} show the version\n"


if __name__ == "__main__":
    sys.exit(main())
