"""No text makes the front end raise: it reads, or it reports with a place."""

from __future__ import annotations

from aotrace.compiler.syntax.printer import print_program
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.unit.compiler.syntax.scripts import golden_scripts, program, read
from tests.unit.compiler.syntax.trees import Maker, makers

MANY = settings(max_examples=300, deadline=None)

PIECES = (
    "BEGIN kprobe:f uprobe:/bin/sh:f { } { } ( ) ( ) [ ] / ; ; , . .. -> = == + - * & ! ? : ++ -- "
    "if else while for unroll let return break import macro fn config struct union typedef sizeof "
    'offsetof typeof comptime $x $1 $# @m @ x uint64 1 1ms "s" "open #define #if #endif // /* */ \n'
)
soup = st.lists(st.sampled_from([*PIECES.split(" "), "\n#", "\n#define X(", "\\\n"]), max_size=40)
corpus = st.sampled_from(sorted(golden_scripts().values()))


def survives(text: str) -> None:
    """Reads without raising; what reads without a message can be printed and read again."""
    tree, diagnostics = read(text)
    for item in diagnostics.items:
        assert item.render()
        assert "Error" not in item.message
    if not diagnostics.items:
        assert program(print_program(tree)) == tree


@MANY
@given(st.text(max_size=80))
@example("\ud800")
@example("BEGIN{\x00}")
@example("kprobe:f /1/2/ {")
@example("BEGIN { $x = '")
def test_random_text(text: str) -> None:
    survives(text)


@MANY
@given(st.text(max_size=40))
def test_random_text_in_a_block(text: str) -> None:
    survives("BEGIN {" + text)


@MANY
@given(soup)
def test_token_soup(pieces: list[str]) -> None:
    survives(" ".join(pieces))


@MANY
@given(soup, soup)
def test_token_soup_in_a_block(pieces: list[str], more: list[str]) -> None:
    survives("BEGIN { " + " ".join(pieces) + " } END { " + " ".join(more) + " }")


@MANY
@given(corpus, st.data())
def test_scripts_with_a_part_taken_out(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(len(text), start + 20)))
    survives(text[:start] + text[end:])


@MANY
@given(corpus, st.data())
def test_scripts_with_something_put_in(text: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(text)))
    survives(
        text[:at] + data.draw(st.text(max_size=3) | st.sampled_from(PIECES.split(" "))) + text[at:]
    )


@MANY
@given(corpus, st.data())
def test_scripts_cut_off(text: str, data: st.DataObject) -> None:
    survives(text[: data.draw(st.integers(0, len(text)))])


@settings(max_examples=100, deadline=None)
@given(makers(), st.integers(0, 2**32))
@example(Maker(2105), 29192)
def test_large_scripts_with_a_part_taken_out(maker: Maker, seed: int) -> None:
    text = print_program(maker.program())
    at = seed % len(text)
    survives(text[:at] + text[at + 1 + seed % 7 :])
