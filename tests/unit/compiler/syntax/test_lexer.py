"""Tokens: literals, escapes, sigils, operators, comments, and the two states."""

from __future__ import annotations

import pytest
from aotrace.compiler.syntax import literals
from aotrace.compiler.syntax.tokens import Number, PointText, TokenValue

from tests.unit.compiler.syntax.scripts import messages, tokens


def kinds(text: str) -> list[str]:
    """The kinds of the tokens in a probe's block."""
    return [token.kind for token in tokens("BEGIN {" + text + "}")][2:-1]


def values(text: str) -> list[TokenValue]:
    return [token.value for token in tokens("BEGIN {" + text + "}")][2:-1]


@pytest.mark.parametrize(
    ("text", "value", "suffix"),
    [
        ("0", 0, ""),
        ("1_000", 1000, ""),
        ("0x1F", 31, ""),
        ("0XffUL", 255, "ul"),
        ("0777", 511, ""),
        ("1e6", 10**6, ""),
        ("5E9", 5 * 10**9, ""),
        ("1e1_0", 10**10, ""),
        ("18446744073709551615", 2**64 - 1, ""),
        ("42u", 42, "u"),
        ("42ULL", 42, "ull"),
        ("7l", 7, "l"),
        ("7LL", 7, "ll"),
        ("1ns", 1, "ns"),
        ("2us", 2000, "us"),
        ("3ms", 3 * 10**6, "ms"),
        ("1s", 10**9, "s"),
        ("1m", 60 * 10**9, "m"),
        ("1h", 3600 * 10**9, "h"),
        ("1d", 86400 * 10**9, "d"),
        ("0xd", 13, ""),
    ],
)
def test_integer(text: str, value: int, suffix: str) -> None:
    assert literals.integer(text) == Number(value, suffix)


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("18446744073709551616", "out of range"),
        ("4294967296u", "out of range"),
        ("9223372036854775808l", "out of range"),
        ("1e20", "out of range"),
        ("1e999999999999", "out of range"),
        ("9" * 5000, "out of range"),
        ("307445735m", "out of range"),
        ("12e4", "single 1 to 9"),
        ("0e4", "single 1 to 9"),
        ("1_", "underscore"),
        ("1e1_", "underscore"),
        ("1x", "suffix `x`"),
        ("5e", "suffix `e`"),
        ("1lul", "suffix `lul`"),
        ("0b1", "suffix `b1`"),
        ("0x", "digits after `0x`"),
        ("08", "octal"),
    ],
)
def test_integer_without_a_value(text: str, part: str) -> None:
    with pytest.raises(literals.LiteralError, match=part):
        literals.integer(text)


def test_escapes() -> None:
    text = r"\n\t\r\a\b\f\v\"\\\'\0\101\1009\x41\x309\X4g"
    assert literals.string(text) == b"\n\t\r\a\b\f\v\"\\'\0A@9A09\x04g"


def test_text_is_utf8_and_odd_bytes_survive() -> None:
    assert literals.string("é") == "é".encode()
    assert literals.string(b"\xff".decode("utf-8", "surrogateescape")) == b"\xff"
    assert literals.string("\ud800") == b"\xed\xa0\x80"


def test_place_of_a_bad_escape() -> None:
    with pytest.raises(literals.LiteralError) as error:
        literals.string(r"ab\q")
    assert (error.value.start, error.value.end) == (2, 4)


def test_sigils() -> None:
    text = "$x $1 $# @m @ @[1] $x_1"
    assert kinds(text) == [
        "VAR",
        "PARAM",
        "PARAM_COUNT",
        "MAP",
        "MAP",
        "MAP",
        "[",
        "INT",
        "]",
        "VAR",
    ]
    assert values("$x $12 @m @") == ["x", 12, "m", ""]


def test_operators_are_as_long_as_they_can_be() -> None:
    assert kinds("a+++b") == ["IDENT", "INC", "+", "IDENT"]
    assert " ".join(kinds("a<<=b>>c>=d->e..f")) == (
        "IDENT ASSIGN_OP IDENT SHR IDENT GE IDENT ARROW IDENT DOTDOT IDENT"
    )
    assert kinds("0..10") == ["INT", "DOTDOT", "INT"]
    assert kinds("$kv.0.1") == ["VAR", ".", "INT", ".", "INT"]


def test_words_of_the_top_level_are_names_in_a_block() -> None:
    assert kinds("config.max_strlen macro fn") == ["IDENT", ".", "IDENT", "IDENT", "IDENT"]


def test_comments_count_for_nothing() -> None:
    assert kinds("/*** ***/0; // }\n /* a\n * b */ 1") == ["INT", ";", "INT"]


def test_a_string_may_hold_what_looks_like_a_comment() -> None:
    assert values('"/* no */ // no"') == [b"/* no */ // no"]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ('"abc', "unterminated string"),
        ('"abc\\"', "unterminated string"),
        ('"abc\\', "unterminated string"),
        ("'a", "unterminated character"),
        ("/* abc", "this comment is never closed"),
        ("?\x00", "stray character U+0000"),
    ],
)
def test_broken_tokens(body: str, message: str) -> None:
    assert message in messages("BEGIN { " + body)


def test_spans_quote_the_script() -> None:
    text = 'kprobe:f /pid == 0x1f/ { printf("%d\\n", $x->y); }'
    for token in tokens(text):
        assert token.span.text == text[token.span.start : token.span.end]
    assert [token.span.text for token in tokens(text)][:6] == [
        "kprobe:f",
        "/",
        "pid",
        "==",
        "0x1f",
        "/",
    ]


def test_a_point_is_one_token() -> None:
    first = tokens('uprobe:/bin/sh:"a:b",k:f{}')[0]
    assert first.value == PointText(("uprobe", "/bin/sh", "a:b"), "", ())
