"""Parameters of the script through both programs, on the running kernel."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.support.places import console_script

pytestmark = [pytest.mark.live, pytest.mark.needs("root", "bpf", "btf", "libbpf")]


def _run(*argv: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(list(map(str, argv)), capture_output=True, text=True, timeout=60)


def _shown(script: str, *words: str) -> str:
    """What a script in a begin probe prints, compiled and run in one go."""
    done = _run(
        console_script("aotracec"), "run", "-q", "-e", f"begin {{ {script} exit(); }}", "--", *words
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.rstrip("\n")


OPTIONS = """
    print((getopt("n", 1), getopt("s", -1), getopt("t", "x"), getopt("b"), getopt("c", true)));"""
CASES = {
    "numbers": ("print(($1, $2, $3, $#));", ["42", "-7", "0x10"], "(42, -7, 16, 3)"),
    "not given": ('printf("%d[%s]%d", $1, str($1), $#);', [], "0[]0"),
    "text": ("print(str($1)); print(str($2));", ["hello", "12"], "hello\n12"),
    "number and text": ("print(($1 + 1, str($1)));", ["0x10"], "(17, 0x10)"),
    "text from an offset": (
        "print(str($1 + 1)); print(str($1 + $2)); print(str($1 + 1, 2)); print(str($1 + 900));",
        ["hello", "3"],
        "ello\nlo\nel\n",
    ),
    "an offset that is known to no one": (
        "$i = nsecs > 5 ? 2 : 3; print(str($1 + $i)); print(str($1 + pid * 1000000));",
        ["hello"],
        "llo\n",
    ),
    "condition": ('if ($1 > 5) { print("big"); } else { print("small"); }', ["7"], "big"),
    "sign of what stands beside": ("print((uint64)5 > $1); print(-1 < $1);", ["3"], "true\ntrue"),
    "map key and value": (
        "@[$1, str($2)] = $3; print(@[5, \"x\"]); clear(@);",
        ["5", "x", "9"],
        "9",
    ),
    "in a loop": ("for ($i : 0..$1) { print(($i, str($2))); }", ["2", "x"], "(0, x)\n(1, x)"),
    "how much of a map": (
        "@[1] = 10; @[2] = 20; @[3] = 30; print(@, $1); print(@, $1, $2); clear(@);",
        ["1", "10"],
        "@[3]: 30\n@[3]: 3",
    ),
    "named": (
        OPTIONS,
        ["--n=20", "--s=-3", "--t=hello", "--b", "--c=false"],
        "(20, -3, hello, true, false)",
    ),
    "named by default": (
        OPTIONS,
        [],
        "(1, -1, x, false, true)",
    ),
    "named text": (
        'print(getopt("t", "abc") == "abc"); @[getopt("t", "abc")] = 1; print(@["abc"]); clear(@);',
        [],
        "true\n1",
    ),
    "the same in two places": ('print(getopt("n", 5) + getopt("n", 5, "five"));', ["--n=4"], "8"),
    "never read": ('print(sizeof(getopt("n", 5)));', ["--n=1"], "8"),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_values(name: str) -> None:
    script, words, expected = CASES[name]
    assert _shown(script, *words) == expected.rstrip("\n")


def test_text_where_only_a_string_makes_sense() -> None:
    script = 'printf("%s %3s|%d\\n", $1, $1, $2); print($1 == "ab"); print("abc" == $1);'
    assert _shown(script, "ab", "7") == "ab  ab|7\ntrue\nfalse"


@pytest.fixture
def built(tmp_path: Path) -> Path:
    """An object that takes every kind of parameter; each test runs it with words of its own."""
    script = tmp_path / "p.bt"
    script.write_text(
        """interval:ms:$2
/ $1 == 0 || pid == $1 /
{
    printf("%s %s\\n", probe, getopt("greeting", "hello", "what to say"));
    exit();
}
"""
    )
    target = tmp_path / "p.bpf.o"
    done = _run(console_script("aotracec"), "build", script, "-o", target)
    assert done.returncode == 0, done.stderr
    return target


def test_one_object_many_parameters(built: Path) -> None:
    for ms, greeting in (("10", "one"), ("20", "two")):
        done = _run(
            console_script("aotrace"), "run", built, "0", "-q", "--", ms, f"--greeting={greeting}"
        )
        assert done.stdout.strip() == f"interval:ms:{ms} {greeting}", done.stderr
        assert done.returncode == 0


def test_help_describes_them(built: Path) -> None:
    done = _run(console_script("aotrace"), "run", built, "--help")
    assert done.returncode == 0
    assert "parameters of" in done.stdout
    assert '  --greeting=STRING        what to say (default "hello")\n' in done.stdout
    assert "  $1                       number\n" in done.stdout
    assert "  $2                       part of interval:ms:$2\n" in done.stdout


def test_inspect_lists_them(built: Path) -> None:
    done = _run(console_script("aotrace"), "inspect", "--json", built)
    listed = json.loads(done.stdout)["parameters"]
    assert [entry["name"] for entry in listed] == ["$1", "$2", "--greeting"]
    assert "parameters:" in _run(console_script("aotrace"), "inspect", built).stdout


def test_inspect_takes_none(built: Path) -> None:
    done = _run(console_script("aotrace"), "inspect", built, "5")
    assert done.returncode == 1
    assert "more than one object" in done.stderr


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["0"], "interval:ms:$2 (", ),
        (["x", "10"], "positional parameter $1: invalid integer (value: x)"),
        (["0", "10", "--nothing=1"], "unexpected program command line options: --nothing"),
        (["0", "10", "--greeting"], "--greeting expects a string"),
    ],
)  # fmt: skip
def test_mistakes(built: Path, words: list[str], message: str) -> None:
    done = _run(console_script("aotrace"), "run", built, "--", *words)
    assert done.returncode == 1
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_tracepoints_by_parameter(tmp_path: Path) -> None:
    script = 'tracepoint:$1:sys_$2_getppid { printf("%s\\n", probe); exit(); }'
    done = _run(
        console_script("aotracec"), "run", "-q", "-e", script, "syscalls", "enter",
        "-c", "/usr/bin/python3 -c 'import os; os.getppid()'",
    )  # fmt: skip
    assert done.stdout.strip() == "tracepoint:syscalls:sys_enter_getppid", done.stderr


def test_raw_tracepoint_by_parameter() -> None:
    script = "rawtracepoint:$1 { exit(); }"
    done = _run(console_script("aotracec"), "run", "-q", "-e", script, "--", "sched_switch")
    assert done.returncode == 0, done.stderr


def test_unknown_tracepoint_by_parameter() -> None:
    script = "tracepoint:sched:$1 { exit(); }"
    done = _run(console_script("aotracec"), "run", "-e", script, "--", "no_such_event")
    assert done.returncode == 1
    assert "no tracepoint sched:no_such_event" in done.stderr


def test_a_file_and_its_parameters(tmp_path: Path) -> None:
    path = tmp_path / "s.bt"
    path.write_text("begin { print(($1, $#)); exit(); }")
    done = _run(console_script("aotracec"), "run", "-q", path, "4", "--", "5")
    assert done.stdout.strip() == "(4, 2)", done.stderr
