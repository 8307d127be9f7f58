"""Which file a name means: paths, $PATH, ld.so's cache, below the root of another process."""

from __future__ import annotations

import os
import struct
from pathlib import Path

import pytest
from aotrace.runtime import binaries

_FLAGS = {"x86_64": 0x0303, "aarch64": 0x0A03}[os.uname().machine]


def _cache(*libraries: tuple[int, str, str]) -> bytes:
    """ld.so's cache: (flags, name, path) of each library."""
    texts, entries = b"", b""
    start = 48 + 24 * len(libraries)
    for flags, name, path in libraries:
        at = start + len(texts)
        texts += name.encode() + b"\0" + path.encode() + b"\0"
        entries += struct.pack("<iIIIQ", flags, at, at + len(name) + 1, 0, 0)
    head = b"glibc-ld.so.cache1.1" + struct.pack("<II", len(libraries), len(texts)) + bytes(20)
    return head + entries + texts


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The files of another process."""
    for path in (
        "usr/lib/libx.so.3",
        "usr/lib/libx32.so",
        "usr/bin/prog",
        "opt/prog-1",
        "opt/prog-2",
    ):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(b"")
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/ld.so.cache").write_bytes(
        _cache(
            (0x0003, "libx.so.3", "/usr/lib/libx32.so"),
            (_FLAGS, "libxy.so.1", "/usr/lib/libxy.so.1"),
            (_FLAGS, "libx.so.3", "/usr/lib/libx.so.3"),
        )
    )
    return tmp_path


@pytest.mark.parametrize(
    ("binary", "found"),
    [
        ("libx", "/usr/lib/libx.so.3"),
        ("libx.so.3", "/usr/lib/libx.so.3"),
        ("libxyz", ""),
        ("/usr/bin/prog", "/usr/bin/prog"),
        ("/usr/bin/none", ""),
        ("prog", "/usr/bin/prog"),
        ("prog-1", ""),
        ("/usr/bin/prog!/lib/x.so", "/usr/bin/prog!/lib/x.so"),
        ("/usr/bin/none!/lib/x.so", ""),
    ],
)
def test_find(root: Path, binary: str, found: str) -> None:
    assert binaries.find(binary, str(root), "/bin:/usr/bin") == (str(root) + found if found else "")


def test_expand(root: Path) -> None:
    assert binaries.expand("/opt/prog-*", str(root)) == [f"{root}/opt/prog-1", f"{root}/opt/prog-2"]
    assert binaries.expand("pr*", str(root), "/usr/bin:/opt") == [
        f"{root}/opt/prog-1", f"{root}/opt/prog-2", f"{root}/usr/bin/prog",
    ]  # fmt: skip
    assert binaries.expand("/none/*", str(root)) == []


def test_no_cache_and_a_broken_one(root: Path) -> None:
    cache = root / "etc/ld.so.cache"
    whole = cache.read_bytes()
    for size in (0, 20, 47, 60, 100):
        cache.write_bytes(whole[:size])
        assert binaries.find_library("libnone", str(root)) == ""
    cache.unlink()
    assert binaries.find_library("libx", str(root)) == ""
