"""The script's parameters: what each word becomes, what is refused, what is said of them."""

from __future__ import annotations

from typing import Any

import pytest
from aotrace.loader import parameters
from aotrace.loader.console import Console
from aotrace.loader.errors import LoaderError
from aotrace.loader.inspection import usage
from aotrace.loader.settings import of_script
from aotrace.runtime.metadata import Event, Metadata, Program, Setting
from aotrace.runtime.values.ints import BoolKind, IntKind
from aotrace.runtime.values.strings import StrKind

U64, S64, TEXT = IntKind(8, False), IntKind(8, True), StrKind(8, True)
KPROBE = ("p0", "kprobe", "kprobe:$1", "kprobe")
TICK = ("p1", "perf_event", "interval:ms:$2", "interval")


class Heard(Console):
    """A console that keeps what it is told."""

    def __init__(self) -> None:
        super().__init__()
        self.warnings: list[str] = []

    def warn(self, text: str) -> None:
        self.warnings.append(text)


def script(*settings: Setting, programs: tuple[Program, ...] = ()) -> Metadata:
    return Metadata("", "s.bt", "x86_64", "GPL", list(programs), [], [], list(settings), {}, [], [])


def applied(meta: Metadata, *words: str) -> dict[str, Any]:
    return parameters.apply(meta, words, Heard())


def refusal(meta: Metadata, *words: str) -> tuple[str, str]:
    with pytest.raises(LoaderError) as caught:
        applied(meta, *words)
    return str(caught.value), caught.value.hint or ""


NUMBER, AS_TEXT, COUNT = Setting("$1", 0, S64), Setting("str($1)", 8, TEXT), Setting("$#", 16, U64)
RATE = Setting("--rate", 24, U64, 5, "how often")
SHIFT = Setting("--shift", 32, S64, -1)
NAME = Setting("--name", 40, TEXT, "bob", "who")
QUIET = Setting("--quiet", 48, BoolKind(), False)
NAMED = script(RATE, SHIFT, NAME, QUIET)


def test_positional() -> None:
    meta = script(NUMBER, AS_TEXT, COUNT)
    assert applied(meta, "0x10", "b") == {"$1": 16, "str($1)": b"0x10", "$#": 2}


def test_positional_that_is_not_given() -> None:
    console = Heard()
    values = parameters.apply(script(NUMBER, AS_TEXT, COUNT), [], console)
    assert values == {"$1": 0, "str($1)": b"", "$#": 0}
    assert console.warnings == ["Positional parameter $1 is empty or not provided."]


def test_positional_that_is_no_number() -> None:
    message, hint = refusal(script(NUMBER), "hello")
    assert message == "positional parameter $1: invalid integer (value: hello)"
    assert "str($1)" in hint


def test_words_that_are_positional() -> None:
    meta = script(Setting("str($2)", 0, TEXT), COUNT)
    assert applied(script(*meta.settings, QUIET), "-x", "--quiet", "-y")["str($2)"] == b"-y"


def test_text_must_fit() -> None:
    assert applied(script(AS_TEXT), "1234567")["str($1)"] == b"1234567"
    message, hint = refusal(script(AS_TEXT), "12345678")
    assert message == "the text for $1 is too long (8 bytes, at most 7)"
    assert "max_strlen" in hint


def test_named_defaults() -> None:
    defaults = {"--rate": 5, "--shift": -1, "--name": b"bob", "--quiet": 0}
    assert applied(NAMED) == defaults


def test_named_values() -> None:
    words = ["--rate=1e3", "--shift=-7", "--name=a=b", "--quiet"]
    assert applied(NAMED, *words) == {"--rate": 1000, "--shift": -7, "--name": b"a=b", "--quiet": 1}


@pytest.mark.parametrize(("word", "value"), [("true", 1), ("1", 1), ("false", 0), ("0", 0)])
def test_booleans(word: str, value: int) -> None:
    assert applied(NAMED, f"--quiet={word}")["--quiet"] == value


def test_the_last_one_counts() -> None:
    assert applied(NAMED, "--rate=1", "--rate=2")["--rate"] == 2


def test_empty_text() -> None:
    assert applied(NAMED, "--name=")["--name"] == b""


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("--rate=x", "program command line option --rate invalid integer (value: x)"),
        ("--rate=", "program command line option --rate invalid integer (value: )"),
        ("--rate", "program command line option --rate expects an integer (value: true)"),
        ("--shift=1e19", "program command line option --shift value is out of range (value: 1e19)"),
        ("--name", "program command line option --name expects a string (value: true)"),
        ("--name=12345678", "the text for --name is too long (8 bytes, at most 7)"),
        (
            "--quiet=maybe",
            "program command line option --quiet expects a boolean (e.g. 'true') (value: maybe)",
        ),
        ("--loud", "unexpected program command line options: --loud"),
        ("--", "unexpected program command line options: --"),
    ],
)
def test_named_mistakes(word: str, message: str) -> None:
    assert refusal(NAMED, word)[0] == message


def test_unknown_names_are_told_together() -> None:
    message, hint = refusal(NAMED, "--a=1", "--b")
    assert message == "unexpected program command line options: --a, --b"
    assert hint == "expected program options: --rate, --shift, --name, --quiet"


def test_help_describes_each_on_a_line() -> None:
    assert refusal(NAMED, "--help") == (
        "",
        "expected program options:\n--rate: how often\n--shift\n--name: who\n--quiet",
    )
    message, hint = refusal(NAMED, "--help", "--b")
    assert message == "unexpected program command line options: --b"
    assert hint.splitlines()[1] == "--rate: how often"
    assert refusal(script(), "--help") == ("", "no custom program options defined.")


def test_a_script_without_parameters() -> None:
    assert of_script(script(), [], Heard()) == {}
    assert of_script(script(), ["unused"], Heard()) == {}
    with pytest.raises(LoaderError, match="unexpected program command line options: --x"):
        of_script(script(), ["--x"], Heard())


def test_settings_of_other_kinds_are_left_alone() -> None:
    assert applied(script(Setting("target_pid", 0, U64), Setting("future", 8, U64)), "1") == {}


def test_attach_points_are_completed() -> None:
    event, raw = ("tracepoint", "tracepoint:$3"), ("raw_tp", "rawtracepoint:$4")
    programs = (
        Program(*KPROBE, {"return": False}, 3, [["kprobe"], [1]]),
        Program(*TICK, {}, 4, [["interval"], ["ms"], [2]]),
        Program("p2", *event, "tracepoint", {}, 5, [["tracepoint"], [3]]),
        Program("p3", *raw, "raw_tracepoint", {}, 6, [["rawtracepoint"], [4]]),
    )
    meta = script(Setting("probe:interval:ms:$2", 0, StrKind(64, True)), programs=programs)
    values = applied(meta, "vfs_read+0x10", "20", "sched:sched_switch", "sched_switch")
    assert values == {"probe:interval:ms:$2": b"interval:ms:20"}
    assert [(p.probe, p.target) for p in programs] == [
        ("kprobe:vfs_read+0x10", {"return": False, "function": "vfs_read", "offset": 16}),
        ("interval:ms:20", {"period_ns": 20_000_000}),
        ("tracepoint:sched:sched_switch", {"category": "sched", "name": "sched_switch"}),
        ("rawtracepoint:sched_switch", {"name": "sched_switch"}),
    ]


def test_details_of_events_are_completed() -> None:
    meta = script(NUMBER)
    details = {"top": {"parameter": "$1"}, "div": None, "map": 0}
    meta.events.append(Event("print_map", 8, [], details, 1))
    applied(meta, "3")
    assert meta.events[0].details == {"top": 3, "div": None, "map": 0}


@pytest.mark.parametrize(
    ("words", "reason", "hint"),
    [
        ([], "`kprobe:` is no such probe", "not given: $1"),
        (["a:b:c"], "`kprobe:a:b:c` is no such probe", ""),
        (["f", "x"], "`x` is not a period of interval", ""),
        (["f"], "`` is not a period of interval", "not given: $2"),
    ],
)
def test_attach_points_that_are_none(words: list[str], reason: str, hint: str) -> None:
    programs = (
        Program(*KPROBE, {"return": True}, 3, [["kprobe"], [1]]),
        Program(*TICK, {}, 4, [["interval"], ["ms"], [2]]),
    )
    message, said = refusal(script(programs=programs), *words)
    assert message.endswith(f": {reason}")
    assert message.startswith(("kprobe:$1 (s.bt:3)", "interval:ms:$2 (s.bt:4)"))
    assert said == hint


def test_a_kretprobe_has_no_offset() -> None:
    program = Program(*KPROBE, {"return": True}, 3, [["kretprobe"], [1]])
    assert "has no offset" in refusal(script(programs=(program,)), "f+4")[0]


def test_a_mechanism_without_parameters() -> None:
    program = Program("p0", "raw_tp", "begin:$1", "begin", {}, 3, [["begin"], [1]])
    assert "`begin:f` is no such probe" in refusal(script(programs=(program,)), "f")[0]


def test_wildcards_are_left_to_be_expanded() -> None:
    meta = script(programs=(Program(*KPROBE, {"return": True}, 3, [["kprobe"], [1]]),))
    applied(meta, "vfs_*")
    assert meta.programs[0].probe == "kprobe:vfs_*"
    assert meta.programs[0].target == {"return": True}


def test_description() -> None:
    program = Program(*TICK, {}, 4, [["interval"], ["ms"], [2]])
    meta = script(*NAMED.settings, COUNT, AS_TEXT, NUMBER, programs=(program,))
    described = parameters.describe(meta)
    assert [entry["name"] for entry in described] == [
        "$1", "$2", "--name", "--quiet", "--rate", "--shift",
    ]  # fmt: skip
    assert described[0]["types"] == ["string", "number"]
    assert described[2] == {
        "name": "--name", "types": ["string"], "default": "bob", "description": "who",
    }  # fmt: skip
    assert parameters.lines(described) == [
        "  $1                       string, number",
        "  $2                       part of interval:ms:$2",
        '  --name=STRING            who (default "bob")',
        "  --quiet                  (default false)",
        "  --rate=NUMBER            how often (default 5)",
        "  --shift=NUMBER           (default -1)",
    ]


def test_help_needs_an_object_that_can_be_read() -> None:
    with pytest.raises(LoaderError, match="cannot read"):
        usage("/nonexistent.bpf.o")
