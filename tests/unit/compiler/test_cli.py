"""aotracec with bad input: one clear message, a status that is not 0, nothing half-written."""

from __future__ import annotations

import os
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
from aotrace.compiler import build, cli

from tests.support.fake_kernel import fake_btf
from tests.support.places import console_script

ELSEWHERE = "HINT: choose another place with -o\n"
ONE_BY_ONE = "HINT: compile them one by one, with -o\n"
GOOD = "begin { print(1); }\n"


class Ran(NamedTuple):
    """What one run of aotracec came to."""

    status: int
    out: str
    err: str


Run = Callable[..., Ran]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current directory of a test: a good script and the fake kernel's BTF lie in it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "fake.btf").write_bytes(fake_btf())
    (tmp_path / "good.bt").write_text(GOOD)
    return tmp_path


@pytest.fixture
def run(folder: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    def call(*arguments: str) -> Ran:
        try:
            status = cli.main(["build", "--btf", "fake.btf", *arguments])
        except SystemExit as ended:
            status = int(str(ended.code))
        said = capsys.readouterr()
        assert "Traceback" not in said.err
        return Ran(status, said.out, said.err)

    return call


def objects(folder: Path) -> list[str]:
    """Everything that a build has left in a folder."""
    given = {"fake.btf", "good.bt"}
    return sorted(p.name for p in folder.rglob("*") if p.is_file() and p.suffix != ".bt"
                  and p.name not in given)  # fmt: skip


def test_a_good_script(run: Run, folder: Path) -> None:
    assert run("good.bt") == Ran(0, "", "")
    assert objects(folder) == ["good.bpf.o"]
    assert (folder / "good.bpf.o").read_bytes().startswith(b"\x7fELF")


def test_same_script_same_bytes(run: Run, folder: Path) -> None:
    run("good.bt", "-o", "one.o")
    run("good.bt", "-o", "two.o")
    assert (folder / "one.o").read_bytes() == (folder / "two.o").read_bytes()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "ERROR: nothing to compile\nHINT: name a script, or give one with -e 'PROGRAM'\n"),
        (["nosuch.bt"], "ERROR: cannot read nosuch.bt: No such file or directory\n"),
        (["."], "ERROR: cannot read .: Is a directory\n"),
        (
            ["good.bt", "-o", "nowhere/x.o"],
            f"ERROR: cannot write nowhere/x.o: No such file or directory\n{ELSEWHERE}",
        ),
        (
            ["good.bt", "-o", "good.bt/x.o"],
            f"ERROR: cannot write good.bt/x.o: Not a directory\n{ELSEWHERE}",
        ),
        (
            ["good.bt", "-e", GOOD, "-o", "x.o"],
            "ERROR: x.o is not a directory\nHINT: several scripts need one to go to\n",
        ),
        (
            ["good.bt", "./good.bt"],
            f"ERROR: two of the scripts would be written to good.bpf.o\n{ONE_BY_ONE}",
        ),
        (["-e", ""], "-e:1:1: ERROR: the script has no probe\nHINT: add one: begin { … }\n"),
        (["good.bt", "--btf", "none.btf"], "ERROR: none.btf: No such file or directory\n"),
        (["good.bt", "--tracepoints", "none"], "ERROR: none: No such file or directory\n"),
        (["good.bt", "--", "x"], "ERROR: arguments after -- are for `aotracec run`\n"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_bad_arguments(run: Run, folder: Path, arguments: list[str], message: str) -> None:
    if "--" in arguments:
        assert cli.main(arguments) == 1
        return
    assert run(*arguments) == Ran(1, "", message)
    assert objects(folder) == []


@pytest.mark.parametrize(
    "arguments", [["--arch", "mips"], ["--emit", "tea"], ["--nonsense"], ["-o"], ["-I"]]
)
def test_what_the_command_line_does_not_take(run: Run, folder: Path, arguments: list[str]) -> None:
    ran = run("good.bt", *arguments)
    assert ran.status == 2
    assert ran.err.startswith("usage: aotracec")
    assert "error: " in ran.err
    assert objects(folder) == []


def test_no_command_at_all(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main([])
    assert ended.value.code == 2
    assert capsys.readouterr().err.startswith("usage: aotracec")


def test_types_that_are_none(run: Run, folder: Path) -> None:
    ran = run("good.bt", "--btf", "good.bt")
    assert ran.status == 1
    assert ran.err.startswith("ERROR: good.bt: neither raw BTF nor an ELF file\nHINT: ")


def test_types_cut_short(run: Run, folder: Path) -> None:
    (folder / "cut.btf").write_bytes(fake_btf()[:1000])
    ran = run("good.bt", "--btf", "cut.btf")
    assert ran.status == 1
    assert ran.err.startswith("ERROR: cut.btf: ")


def test_a_script_in_no_encoding(run: Run, folder: Path) -> None:
    (folder / "latin.bt").write_bytes(b'begin { print("\xff\xfe"); } // \xe9\n')
    assert run("latin.bt") == Ran(0, "", "")
    (folder / "wrong.bt").write_bytes(b'begin { qqq("\xff\xfe"); }\n')
    assert run("wrong.bt") == Ran(
        1,
        "",
        'wrong.bt:1:9: ERROR: unknown function `qqq`\nbegin { qqq("��"); }\n        ^^^\n',
    )


def test_no_control_character_reaches_the_terminal(run: Run, folder: Path) -> None:
    (folder / "junk.bt").write_bytes(bytes(range(256)) * 20)
    ran = run("junk.bt")
    assert ran.status == 1
    assert "ERROR: " in ran.err
    assert all(char in "\t\n" or char.isprintable() for char in ran.err)


@pytest.mark.parametrize("content", [b"\0" * 100, b"\x7fELF" + b"\x02\x01\x01" * 99, b"\xff" * 50])
def test_binary_files_as_scripts(run: Run, folder: Path, content: bytes) -> None:
    (folder / "binary.bt").write_bytes(content)
    ran = run("binary.bt")
    assert ran.status == 1
    assert ran.err.startswith("binary.bt:")
    assert objects(folder) == []


def test_one_bad_script_of_several(run: Run, folder: Path) -> None:
    """The others are written; the status tells."""
    (folder / "bad.bt").write_text("begin { qqq(); }\n")
    (folder / "out").mkdir()
    ran = run("bad.bt", "good.bt", "-o", "out")
    assert ran.status == 1
    assert ran.err.startswith("bad.bt:1:9: ERROR: unknown function `qqq`")
    assert objects(folder) == ["good.bpf.o"]


def test_a_failed_build_leaves_the_object_of_before(run: Run, folder: Path) -> None:
    run("good.bt", "-o", "x.o")
    before = (folder / "x.o").read_bytes()
    assert run("-e", "begin { qqq(); }", "-o", "x.o").status == 1
    assert (folder / "x.o").read_bytes() == before


def test_a_full_disk_leaves_nothing(
    run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write_half(path: Path, data: bytes) -> int:
        with path.open("wb") as file:
            file.write(data[: len(data) // 2])
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(Path, "write_bytes", write_half)
    ran = run("good.bt", "-o", "x.o")
    message = f"ERROR: cannot write x.o: No space left on device\n{ELSEWHERE}"
    assert ran == Ran(1, "", message)
    assert objects(folder) == []


def test_a_pipe_is_written_to_and_not_replaced(run: Run, folder: Path) -> None:
    os.mkfifo(folder / "pipe")
    reader = os.open(folder / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    assert run("good.bt", "-o", "pipe").status == 0
    assert os.read(reader, 4) == b"\x7fELF"
    os.close(reader)
    assert stat.S_ISFIFO((folder / "pipe").stat().st_mode)


def test_output_into_a_folder(run: Run, folder: Path) -> None:
    (folder / "out").mkdir()
    assert run("good.bt", "-e", GOOD, "-o", "out").status == 0
    assert sorted(path.name for path in (folder / "out").iterdir()) == [
        "good.bpf.o", "program.bpf.o",
    ]  # fmt: skip


def test_warnings_and_silence(run: Run, folder: Path) -> None:
    script = "kprobe:vfs_red { exit(); }"
    assert "WARNING: " in run("-e", script, "-o", "x.o").err
    assert run("-e", script, "-o", "x.o", "--no-warnings") == Ran(0, "", "")


@pytest.mark.parametrize("stage", build.STAGES)
def test_every_stage_is_shown(run: Run, folder: Path, stage: str) -> None:
    ran = run("good.bt", "--emit", stage)
    assert ran.status == 0
    assert ran.out.strip()
    assert objects(folder) == []
    assert run("-e", "begin { ( }", "--emit", stage).status == (0 if stage == "tokens" else 1)


def test_an_unforeseen_error_is_told_without_a_traceback(
    run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(request: build.Request, output: Path | None) -> int:
        raise ZeroDivisionError("of the test")

    monkeypatch.setattr(build, "build", fail)
    ran = run("good.bt")
    assert ran.status == 1
    assert ran.err.startswith(
        "ERROR: a fault of the compiler: ZeroDivisionError: of the test\nHINT"
    )
    monkeypatch.setenv(cli.TRACEBACK, "1")
    with pytest.raises(ZeroDivisionError):
        run("good.bt")


def test_a_reader_that_has_seen_enough(folder: Path) -> None:
    command = f"{console_script('aotracec')} --btf fake.btf --emit asm good.bt | true"
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, timeout=60)
    assert done.stderr == ""


def test_the_console_script_gives_the_status(folder: Path) -> None:
    argv = [str(console_script("aotracec")), "--btf", "fake.btf", "-e", "begin { qqq(); }"]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert done.stderr == ("-e:1:9: ERROR: unknown function `qqq`\nbegin { qqq(); }\n        ^^^\n")
