from __future__ import annotations

import pytest
from aotrace.compiler.sema.probetypes import of_types, typed
from aotrace.compiler.source import Source, Span
from aotrace.compiler.syntax.nodes import AttachPoint


def _point(text: str) -> AttachPoint:
    return AttachPoint(Span(Source("script.bt", text), 0, len(text)), tuple(text.split(":")))


@pytest.mark.parametrize(
    ("text", "types"),
    [
        ("k*:vfs_read", ["kprobe"]),
        ("*probe:vfs_read", ["kprobe"]),
        ("*point:a:b", ["tracepoint", "rawtracepoint"]),
        ("*ware:cpu-clock", ["software", "hardware"]),
        ("u*:/bin/true:main", ["uprobe", "usdt"]),
        ("k*:/bin/true:main", []),
        ("u*:true:main", []),
        ("inter*:s:1", []),
    ],
)
def test_types_that_a_wildcard_stands_for(text: str, types: list[str]) -> None:
    found = of_types(_point(text))
    assert [point.parts[0] for point in found] == types
    assert all(point.parts[1:] == tuple(text.split(":")[1:]) for point in found)


def test_a_single_type_takes_the_place_of_the_wildcard() -> None:
    assert typed(_point("f*:vfs_read")).text == "fentry:vfs_read"
    assert typed(_point("*point:a:b")).text == "*point:a:b"
    assert typed(_point("kretprobe:f*")).text == "kretprobe:f*"
