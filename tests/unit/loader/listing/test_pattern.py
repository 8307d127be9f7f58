"""Searches: `*` for anything."""

from __future__ import annotations

import pytest
from aotrace.loader.listing.pattern import matcher


@pytest.mark.parametrize(
    ("pattern", "text", "matches"),
    [
        ("*", "anything", True),
        ("**", "", True),
        ("vfs_*", "vfs_read", True),
        ("vfs_*", "do_vfs_read", False),
        ("*read", "vfs_read", True),
        ("*read", "vfs_readv", False),
        ("v*s_*d", "vfs_read", True),
        ("vfs_read", "vfs_read", True),
        ("vfs_read", "vfs_readv", False),
        ("a.c*", "abc", False),
        ("a[b]*", "a[b]c", True),
        ("struct *{*}*", "struct x {\n\tint a;\n};", True),
    ],
)
def test_matching(pattern: str, text: str, matches: bool) -> None:
    assert bool(matcher(pattern)(text)) is matches
