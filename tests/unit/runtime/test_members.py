from __future__ import annotations

import pytest
from aotrace.runtime.members import Pattern, any_wild


@pytest.mark.parametrize(
    ("pattern", "matching", "others"),
    [
        ("vfs_read", ["vfs_read"], ["vfs_reads", "xvfs_read", ""]),
        ("vfs_*", ["vfs_", "vfs_read"], ["vfs", "xvfs_read"]),
        ("*read", ["read", "vfs_read"], ["reads", "rea"]),
        ("*", ["", "anything"], []),
        ("a*b*c", ["abc", "axxbyyc", "abbc", "abcbc"], ["ac", "abcd", "acb"]),
        ("a*a", ["aa", "aba"], ["a", "ab"]),
        ("*a*", ["a", "bab"], ["", "b"]),
        ("f?", ["f?"], ["fx"]),
        ("f[ab]", ["f[ab]"], ["fa"]),
    ],
)
def test_patterns(pattern: str, matching: list[str], others: list[str]) -> None:
    found = Pattern(pattern)
    assert [name for name in matching if not found.matches(name)] == []
    assert [name for name in others if found.matches(name)] == []


def test_matches_are_sorted_and_each_once() -> None:
    assert Pattern("*b").among(["xb", "a", "ab", "xb"]) == ["ab", "xb"]


def test_wildcards_of_attach_points() -> None:
    assert any_wild(["kprobe", "vfs_*"])
    assert any_wild(["kprobe", "*", "vfs_read"])
    assert not any_wild(["kprobe*", "vfs_read"])
