"""Mappings of processes, and the maps that compilers at run time write."""

from __future__ import annotations

import os

from aotrace.loader.symbols import mappings, perfmap
from aotrace.loader.symbols.mappings import Mapping, Mappings
from hypothesis import given, settings
from hypothesis import strategies as st

_TEXT = """\
55d0c0000000-55d0c0001000 r--p 00000000 fe:01 123                        /usr/bin/with space
55d0c0001000-55d0c0002000 r-xp 00001000 fe:01 123                        /usr/bin/with space
7f0000000000-7f0000001000 rwxp 00000000 00:00 0 
7f1000000000-7f1000002000 r-xp 00002000 fe:01 9                          /lib/gone.so (deleted)
7fffffffe000-7ffffffff000 r-xp 00000000 00:00 0                          [vdso]
nonsense
zz-yy r-xp 0 0 0
"""  # noqa: W291


def test_only_what_can_be_executed_counts() -> None:
    found = list(mappings.parse(_TEXT))
    assert [(m.path, m.offset, m.file) for m in found] == [
        ("/usr/bin/with space", 0x1000, ("fe:01", "123")),
        ("", 0, ("00:00", "0")),
        ("/lib/gone.so", 0x2000, ("fe:01", "9")),
        ("[vdso]", 0, ("00:00", "0")),
    ]


def test_a_place_is_within_its_mapping() -> None:
    found = Mappings(mappings.parse(_TEXT))
    inside = found.at(0x55D0C0001FFF)
    assert inside is not None
    assert inside.path == "/usr/bin/with space"
    assert found.at(0x55D0C0002000) is None
    assert found.at(0x55D0C0000FFF) is None
    assert found.at(0) is None


def test_this_process_and_one_that_is_gone() -> None:
    own = mappings.read(os.getpid())
    assert own
    assert mappings.read(1 << 30) is None
    assert mappings.pid_inside(1 << 30) == 1 << 30
    assert mappings.pid_inside(os.getpid()) > 0


@settings(deadline=None)
@given(st.text())
def test_any_text_is_passed_over(text: str) -> None:
    list(mappings.parse(text))
    list(perfmap.parse(text))


_BOUNDS = st.lists(st.integers(0, 1 << 47), min_size=2, max_size=40, unique=True).map(sorted)


@settings(deadline=None)
@given(_BOUNDS, st.randoms())
def test_every_address_is_found_where_it_lies(bounds: list[int], random: object) -> None:
    pairs = list(zip(bounds[::2], bounds[1::2]))
    shuffled = sorted(pairs, key=lambda _: random.random())  # type: ignore[attr-defined]
    found = Mappings(Mapping(a, b, 0, ("", ""), f"{a:x}") for a, b in shuffled)
    for start, end in pairs:
        for address in (start, end - 1):
            inside = found.at(address)
            assert inside is not None
            assert inside.start == start
        outside = found.at(end)
        assert outside is None or outside.start == end


def test_lines_of_perf_maps() -> None:
    text = "7f00 10 foo bar(int)\n0x8000 0x20 hex\nbad\n9000 zz x\n\n"
    assert list(perfmap.parse(text)) == [(0x7F00, 16, "foo bar(int)"), (0x8000, 32, "hex")]


def test_a_perf_map_grows() -> None:
    path = f"/tmp/perf-{os.getpid()}.map"
    map_ = perfmap.PerfMap(os.getpid())
    assert map_.at(0x1000) is None
    try:
        with open(path, "w", encoding="utf-8") as file:
            file.write("1000 10 one\n")
        assert map_.at(0x100F) == ("one", 15)
        assert map_.at(0x1010) is None
        with open(path, "a", encoding="utf-8") as file:
            file.write("2000 10 two\n1000 10 other\n")
        assert map_.at(0x2000) == ("two", 0)
        assert map_.at(0x1000) == ("other", 0)
    finally:
        os.unlink(path)
