"""bpftrace's command line, as `aotracec run` reads it."""

from __future__ import annotations

import pytest
from aotrace.compiler import cli
from aotrace.compiler.runline import OPTIONS, LineError, parse, usage


@pytest.mark.parametrize(
    ("words", "loader"),
    [
        ("-p 5 x.bt", "-p 5"),
        ("--pid=5 x.bt", "-p 5"),
        ("x.bt -c true", "-c true"),
        ("--cmd true x.bt", "-c true"),
        ("-o out -f json -B none -q x.bt", "-o out -f json -B none -q"),
        ("-fjson --quiet --verb x.bt", "-f json -q -v"),
        ("-k x.bt --dry-run", "-k --dry-run"),
        ("-b --btf --verify-llvm-ir --no-warnings x.bt", "--no-warnings"),
        ("-d libbpf,verifier x.bt", "-v -v"),
    ],
)
def test_what_is_handed_on(words: str, loader: str) -> None:
    line = parse(words.split())
    assert (line.file, line.program, line.words) == ("x.bt", None, [])
    assert line.loader == loader.split()


@pytest.mark.parametrize(
    ("words", "file", "parameters"),
    [
        (["x.bt", "1", "two"], "x.bt", ["1", "two"]),
        (["x.bt", "1", "--", "2", "--name=3"], "x.bt", ["1", "2", "--name=3"]),
        (["-q", "--", "x.bt", "-v"], "x.bt", ["-v"]),
        (["1", "-e", "p", "2", "--", "--flag"], None, ["1", "2", "--flag"]),
        (["-"], "-", []),
    ],
)
def test_words(words: list[str], file: str | None, parameters: list[str]) -> None:
    line = parse(words)
    assert (line.file, line.words) == (file, parameters)


def test_what_may_come_often() -> None:
    words = "-I a -I b --include c.h --include d.h -d ast -d codegen,dis x.bt"
    line = parse(words.split())
    assert line.include_dirs == ["a", "b"]
    assert line.includes == ["c.h", "d.h"]
    assert line.stages == ["ast", "raw-ir", "asm"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("", ""),
        ("-q", "USAGE: filename or -e 'program' required."),
        ("--nosuch x.bt", "option --nosuch not recognized"),
        ("-Z x.bt", "option -Z not recognized"),
        ("-B often x.bt", "USAGE: -B must be either 'line', 'full', or 'none'."),
        ("-c true -p 1 x.bt", "USAGE: Cannot use both -c and -p."),
        ("-k --no-warnings x.bt", "USAGE: -k, --warnings conflicts with --no-warnings"),
        ("--no-warnings -k x.bt", "USAGE: -k, --warnings conflicts with --no-warnings"),
        ("-kk x.bt", "USAGE: -kk has been deprecated."),
        ("-d nosuch x.bt", "USAGE: invalid option for -d: nosuch"),
        ("--mode nosuch x.bt", "USAGE: --mode can only be"),
        ("--test --bench x.bt", "USAGE: --bench conflicts with existing --mode"),
        ("-l one two", ""),
    ],
)
def test_what_makes_no_sense(words: str, message: str) -> None:
    with pytest.raises(LineError) as raised:
        parse(words.split())
    assert message in str(raised.value)
    assert bool(message) or raised.value.usage


def test_statuses(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["run", "--help"]) == 0
    assert capsys.readouterr().out == usage()
    assert cli.main(["run", "-V"]) == 0
    assert capsys.readouterr().out.startswith("aotracec ")
    assert cli.main(["run", "/no/such.bt"]) == 1
    assert "cannot read /no/such.bt" in capsys.readouterr().err
    assert cli.main(["run"]) == 1
    assert capsys.readouterr().err == usage()


def test_every_option_is_in_the_help() -> None:
    assert all(flag in usage() for option in OPTIONS for flag in option.flags)
