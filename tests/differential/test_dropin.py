"""One command line for both: `aotracec run` in bpftrace's place prints and ends like it."""

from __future__ import annotations

import shlex
import subprocess
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.support.forky import bpftrace27
from tests.support.places import console_script

pytestmark = [pytest.mark.differential, pytest.mark.needs("root", "bpf", "btf", "bpftrace27")]

FILES = {
    "one.bt": 'begin { printf("%s %d\\n", str($1), $2); exit(); }',
    "hello.bt": '#!/usr/bin/env bpftrace\nbegin { print("hello"); }',
    "named.bt": 'begin { print((getopt("name", "none"), getopt("n", 1), getopt("flag"), $#)); }',
    "own.h": "#define OWN 42\nstruct own { int a; char b; };\n",
    "header.bt": '#include "own.h"\nbegin { print((OWN, sizeof(struct own))); }',
    "bad.bt": "begin { print(1; }",
    "tests.bt": "test:one { print(1); } test:two { exit(1); }",
    "quiet.bt": "begin { } test:one { }",
    "nameless.bt": "#include <no_such_header.h>\nbegin { }",
    "error.bt": '#error "no"\nbegin { }',
    "type.bt": "struct own { nosuch_t x; };\nbegin { }",
    "last.bt": "struct own { int a; int b };\nbegin { print(sizeof(struct own)); }",
    "unsafe.bt": 'begin { system("echo unsafe"); }',
}
#: Command lines; `<<<` gives the standard input, `NAME=VALUE` in front is the environment.
LINES = (
    "hello.bt",
    "-e 'begin { print(1); }'",
    "- <<< begin { print(2); }",
    "one.bt word 5",
    "one.bt -- word 5",
    "one.bt word -- 5",
    "-q one.bt word 5",
    "one.bt word 5 -q",
    "-e 'begin { print($1 + $2); }' 3 4",
    "-e 'begin { print($1 + $2); }' 3 -- 4",
    "-q -e 'begin { print(($#, str($1))); }' -- one two three",
    "named.bt",
    "named.bt -- --name=value --n=5 --flag",
    "named.bt p1 -- --flag p2 --name=x",
    "named.bt -- --nosuch=1",
    "named.bt -- --help",
    "named.bt -- --n=text",
    "-I . header.bt",
    "header.bt",
    "--include ./own.h -I . -e 'begin { print(OWN); }'",
    "-f json hello.bt",
    "-f text hello.bt",
    "-f xml hello.bt",
    "-B none hello.bt",
    "-B line hello.bt",
    "-B full hello.bt",
    "-B often hello.bt",
    "-o OUT hello.bt",
    "-o OUT -f json -e 'begin { @ = 1; print(\"x\"); }'",
    "-o /no/such/folder/file hello.bt",
    "-c /bin/true hello.bt",
    "-c '/bin/sleep 0.1' -q hello.bt",
    "-c '/bin/sh -c \"exit 7\"' hello.bt",
    "-c /no/such/command hello.bt",
    "-c /bin/true -p 1 hello.bt",
    "-c /bin/true -e 'begin { print(cpid > 1); } end { print(\"end\"); }'",
    "-p 4194000 hello.bt",
    "-p word hello.bt",
    "-p 99999999 hello.bt",
    "--dry-run hello.bt",
    "-e 'begin { exit(7); } end { print(\"end\"); }'",
    "-e 'begin { print(1); } end { exit(4); }'",
    "-e 'begin { exit(3); exit(4); }'",
    "-e 'interval:ms:1 { print(1); exit(5); }'",
    "-k -e 'begin { @a[1] = 1; print(@a[2]); }'",
    "-k --no-warnings hello.bt",
    "--no-warnings -k hello.bt",
    "-kk hello.bt",
    "-v -q hello.bt",
    "-d nosuch hello.bt",
    "--mode nosuch hello.bt",
    "--mode codegen hello.bt",
    "--nosuch hello.bt",
    "-Z hello.bt",
    "",
    "-q",
    "/no/such.bt",
    "bad.bt",
    "nameless.bt",
    "error.bt",
    "type.bt",
    "last.bt",
    "--include ./no_such.h hello.bt",
    "BPFTRACE_MAX_STRLEN=word hello.bt",
    "--probe-filter [ hello.bt",
    "-e 'begin { nosuch(1); }'",
    "-e 'begin { print($nosuch); }'",
    "-e 'nosuch:x { }'",
    "-e 'tracepoint:no:such { print(1); }'",
    "-e 'kprobe:no_such_function_at_all { print(1); }'",
    "-e 'uprobe:/bin/bash:main+1 { print(1); }'",
    "-e 'uprobe:/bin/bash:main+100000 { print(1); }'",
    "-e 'fentry:no_such_function_at_all { print(1); }'",
    "-e 'uprobe:/no/such/file:x { print(1); }'",
    "unsafe.bt",
    "--unsafe -q unsafe.bt",
    "BPFTRACE_MAX_STRLEN=5 -e 'begin { print(str($1)); }' -- abcdefghij",
    "BPFTRACE_NOSUCH=1 hello.bt",
    "-l tracepoint:sched:sched_sw*",
    "-l 'tracepoint:sched:sched_switch,t:sched:sched_wakeup'",
    "-lv tracepoint:syscalls:sys_enter_openat",
    "-v -l tracepoint:sched:sched_switch",
    "-l software:*",
    "-l nosuch:*",
    "-l nosuch.bt",
    "-l -p 4194000",
    "-l -e 'tracepoint:sched:sched_sw* { }'",
    "-l hello.bt",
    "tests.bt",
    "--mode test -q quiet.bt",
    "--probe-filter begin -e 'begin { print(1); } interval:ms:1 { print(2); exit(); }'",
    "--probe-filter interval -e 'begin { print(1); } interval:ms:1 { print(2); exit(); }'",
    "--no-feature kprobe_multi,uprobe_multi hello.bt",
    "--no-feature nosuch hello.bt",
    "--traceable-functions hello.bt hello.bt",
    "--debuginfo /tmp:/no/such hello.bt",
    "--dwarf-pid 1 hello.bt",
    "--emit-llvm OUT hello.bt",
    "--verify-llvm-ir -b --usdt-file-activation hello.bt",
    "-c '' hello.bt",
    "-c '/bin/sh -c \"kill -9 $$\"' hello.bt",
    "-e 'begin { print(1); }' -e 'begin { print(2); }'",
    "-e",
    "-p 0 hello.bt",
    "-p -1 hello.bt",
    "--test tests.bt",
    "--traceable-functions /no/such hello.bt",
    "-h",
    "--help",
    "-V",
)
#: What is of each program alone, and not compared.
_OWN_WORDS = ("-h", "--help", "-V", "-v -q hello.bt", "--mode test -q quiet.bt", "--test tests.bt")
#: What prints nothing on standard output, and is no failure.
_SILENT = (
    "-o OUT hello.bt",
    "-o OUT -f json -e 'begin { @ = 1; print(\"x\"); }'",
    "--dry-run hello.bt",
    "--mode codegen hello.bt",
    "-l nosuch:*",
    "-l nosuch.bt",
    "-l hello.bt",
)


class Ended(NamedTuple):
    status: int
    stdout: str
    file: str


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    return tmp_path


@pytest.mark.parametrize("line", LINES, ids=lambda line: line[:60] or "nothing")
def test_same(line: str, folder: Path) -> None:
    theirs = _run(bpftrace27(), line, folder)
    ours = _run([str(console_script("aotracec")), "run"], line, folder)
    assert ours.status == theirs.status
    if line not in _OWN_WORDS:
        assert (ours.stdout, ours.file) == (_told(theirs.stdout), theirs.file)
    assert ours.stdout or theirs.status or line in _SILENT


def _run(argv: list[str], line: str, folder: Path) -> Ended:
    words, _, given = line.partition(" <<< ")
    options = shlex.split(words)
    variables = [o for o in options if o.startswith("BPFTRACE_")]
    out = folder / "out"
    out.unlink(missing_ok=True)
    done = subprocess.run(
        ["env", *variables, *argv, *(str(out) if o == "OUT" else o for o in options
                                     if o not in variables)],
        cwd=folder, input=given, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    return Ended(done.returncode, done.stdout, out.read_text() if out.exists() else "")


def _told(stdout: str) -> str:
    """What it traced: its compiler's warnings, three lines each, go to standard output as well."""
    kept, skipped = [], 0
    for line in stdout.splitlines(keepends=True):
        skipped = 3 if ": WARNING: " in line else skipped
        if not skipped:
            kept.append(line)
        skipped = max(skipped - 1, 0)
    return "".join(kept)


def test_a_reader_that_goes(folder: Path) -> None:
    script = "interval:ms:1 { for ($i : 0..100) { print($i); } }"
    for argv in (bpftrace27(), [str(console_script("aotracec")), "run"]):
        command = f"{shlex.join([*argv, '-q', '-e', script])} | head -n 2; echo ${{PIPESTATUS[0]}}"
        done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=60)
        assert done.stdout == "0\n1\n141\n"
