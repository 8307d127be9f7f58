"""Attach points in user space, as words."""

from __future__ import annotations

import pytest
from aotrace.runtime.uprobes import number, uprobe_of, usdt_of


def test_source() -> None:
    found = uprobe_of(["uprobe", "/bin/a@b/c.c", "12", "3"], False)
    assert (found["binary"], found["source"]) == ("/bin/a", ["b/c.c", 12, 3])


def test_an_at_sign_in_a_path() -> None:
    assert uprobe_of(["uprobe", "/opt/a@1/bin", "main"], False)["binary"] == "/opt/a@1/bin"


@pytest.mark.parametrize("parts", [["u"], ["u", ""], ["u", "", "f"], ["u", "a", "cpp", "f", "g"]])
def test_no_such_form(parts: list[str]) -> None:
    with pytest.raises(KeyError):
        uprobe_of(parts, False)


@pytest.mark.parametrize("text", ["", "x", "0x", "1 2", "-1", "18446744073709551616"])
def test_no_number(text: str) -> None:
    with pytest.raises(ValueError, match="is "):
        number(text)


def test_usdt() -> None:
    assert usdt_of(["usdt", "/a", "p", "n"]) == {"binary": "/a", "provider": "p", "name": "n"}
    assert usdt_of(["usdt", "/a", "n"]) == {"binary": "/a", "provider": "", "name": "n"}
    assert usdt_of(["usdt", "n"]) == {"binary": "", "provider": "", "name": "n"}
    with pytest.raises(KeyError):
        usdt_of(["usdt"])
