"""C++ names: what stands before a parameter list, and which symbols a name means."""

from __future__ import annotations

import pytest
from aotrace.loader.elf.cpp import matching, without_parameters
from aotrace.loader.elf.symbols import FUNC, Symbol

_NAMES = {
    "_Za": "app::Server::handle(int)",
    "_Zb": "app::Server::handle(char const*, long)",
    "_Zc": "app::Server::operator()(int) const",
    "_Zd": "int app::twice<int>(int)",
}


@pytest.mark.parametrize(
    ("name", "cut"),
    [
        ("f(int)", "f"),
        ("A::f(void (*)(int), char) const", "A::f"),
        ("A::operator()(int)", "A::operator()"),
        ("plain", "plain"),
        ("broken)", "broken)"),
    ],
)
def test_without_parameters(name: str, cut: str) -> None:
    assert without_parameters(name) == cut


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("app::Server::handle", ["_Za", "_Zb"]),
        ("app::Server::handle(int)", ["_Za"]),
        ("app::Server::*", ["_Za", "_Zb", "_Zc"]),
        ("app::Server::operator()", []),
        ("app::Server::operator()(int) const", ["_Zc"]),
        ("*twice<int>", ["_Zd"]),
        ("_Zd", ["_Zd"]),
        ("plain", ["plain"]),
        ("handle", []),
    ],
)
def test_matching(wanted: str, found: list[str]) -> None:
    symbols = [Symbol(name, 0, 0, FUNC) for name in (*_NAMES, "plain")]
    those = matching(symbols, wanted, lambda name: _NAMES.get(name, name))
    assert [symbol.name for symbol in those] == found
