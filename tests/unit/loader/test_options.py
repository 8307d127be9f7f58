"""The command line."""

from __future__ import annotations

import pytest
from aotrace.loader.cli import main
from aotrace.loader.options import INSPECT_OPTIONS, RUN_OPTIONS, UsageError, describe, parse
from hypothesis import given
from hypothesis import strategies as st


def test_all_options() -> None:
    switches = ["-q", "-v", "--no-warnings", "--dry-run"]
    values = ["-p", "12", "-o", "out", "-f", "json"]
    options = parse([*values, *switches, "x.bpf.o", "--", "--a=1", "-p"], RUN_OPTIONS)
    assert options.object == "x.bpf.o"
    assert (options.pid, options.output, options.format) == (12, "out", "json")
    set_ones = (options.quiet, options.verbose, options.dry_run, options.warnings)
    assert set_ones == (True, True, True, False)
    assert options.parameters == ["--a=1", "-p"]


@pytest.mark.parametrize("words", [
    ["-c", "ls -l", "x.o"], ["x.o", "-cls -l"], ["--cmd=ls -l", "x.o"], ["x.o", "--cmd", "ls -l"],
])  # fmt: skip
def test_spellings(words: list[str]) -> None:
    options = parse(words, RUN_OPTIONS)
    assert (options.object, options.command) == ("x.o", "ls -l")


def test_defaults() -> None:
    options = parse(["x.o"], RUN_OPTIONS)
    assert (options.pid, options.command, options.output) == (None, None, None)
    switches = (options.quiet, options.verbose, options.dry_run, options.warnings)
    assert switches == (False, False, False, True)
    assert options.format == "text"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "no object"),
        ([""], "no object"),
        (["a", "--nonsense"], "no such option: --nonsense"),
        (["a", "-z"], "no such option: -z"),
        (["a", "-o"], "needs a value"),
        (["a", "-q1"], "takes no value"),
        (["a", "--quiet=1"], "takes no value"),
        (["a", "-f", "yaml"], "no output format"),
        (["a", "-p", "x"], "not a process id"),
        (["a", "-p", "0"], "not a process id"),
        (["a", "-p", "99999999999"], "not a process id"),
        (["a", "-p", "1", "-c", "x"], "exclude each other"),
    ],
)
def test_mistakes(words: list[str], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        parse(words, RUN_OPTIONS)


@given(st.lists(st.text(alphabet="-pcofqv=1 jsona", max_size=6), max_size=6))
def test_any_words(words: list[str]) -> None:
    try:
        options = parse(words, RUN_OPTIONS)
    except UsageError:
        return
    assert options.object or options.help


def test_every_option_is_described() -> None:
    for table in (RUN_OPTIONS, INSPECT_OPTIONS):
        assert len(describe(table).splitlines()) == len(table)


def test_help_and_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    shown = capsys.readouterr().out
    assert all(flag in shown for option in RUN_OPTIONS for flag in option.flags)
    assert main(["run", "-h"]) == 0
    assert main([]) == 0
    capsys.readouterr()
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("aotrace ")


def test_an_unknown_command(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["trace", "x"]) == 1
    assert capfd.readouterr().err.startswith("ERROR: no such command: trace\nHINT: ")


def test_features_that_are_not_wanted() -> None:
    assert parse(["x.o", "--no-feature", "kprobe_multi,uprobe_multi"], RUN_OPTIONS).without
    with pytest.raises(UsageError, match="no such feature: nosuch"):
        parse(["x.o", "--no-feature=kprobe_multi,nosuch"], RUN_OPTIONS)
