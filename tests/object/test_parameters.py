"""The verifier knows a parameter's value, and leaves out what it switches off."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator

import pytest
from aotrace.compiler.arch import ARCHES
from aotrace.compiler.build import machine
from aotrace.compiler.codegen.backend import Backend
from aotrace.compiler.kernel.sources import open_sources
from aotrace.compiler.pipeline import Compiler, Options, Output
from aotrace.compiler.source import Source

from tests.object.loaded import loaded

pytestmark = [pytest.mark.needs("root", "bpf", "btf", "libbpf"), pytest.mark.live]

PROBE = "tracepoint:syscalls:sys_enter_getppid"
_PROCESSED = re.compile(r"processed (\d+) insns")


@pytest.fixture(scope="module")
def compiler() -> Iterator[Compiler]:
    with Compiler(open_sources(), Options(ARCHES[machine()]), Backend()) as opened:
        yield opened


def _output(compiler: Compiler, body: str) -> Output:
    source = Source("p.bt", f"{PROBE} {{ {body} }}")
    return compiler.emit(source, compiler.analyse(source))


@pytest.mark.parametrize(
    ("condition", "name", "off", "on"),
    [
        ("$1 != 0", "$1", b"\0" * 8, struct.pack("<q", -3)),
        ("$1 > 5", "$1", struct.pack("<q", 5), struct.pack("<q", 6)),
        ("$# == 2", "$#", struct.pack("<Q", 1), struct.pack("<Q", 2)),
        ('getopt("b")', "--b", b"\0", b"\1"),
        ('getopt("n", 5) == 7', "--n", struct.pack("<Q", 5), struct.pack("<Q", 7)),
    ],
)
def test_branches_are_pruned(
    compiler: Compiler, condition: str, name: str, off: bytes, on: bytes
) -> None:
    output = _output(compiler, f"if ({condition}) {{ @a = 1; }}")
    offset = next(s.offset for s in output.metadata.settings if s.name == name)
    visited = [_visited(output.object, {offset: value}) for value in (off, on)]
    assert visited[0] + 5 < visited[1]


def _visited(data: bytes, rodata: dict[int, bytes]) -> int:
    """How many instructions the verifier looked at."""
    with loaded(data, rodata) as item:
        found = _PROCESSED.search(item.log)
    assert found, item.log
    return int(found[1])


def test_each_use_has_its_setting(compiler: Compiler) -> None:
    body = 'printf("%d %s %d", $2, str($1), $#); print(getopt("n", -1, "how many"));'
    settings = {s.name: s for s in _output(compiler, body).metadata.settings}
    assert {"$2", "str($1)", "$#", "--n"} <= set(settings)
    assert not {"$1", "str($2)"} & set(settings)
    assert (settings["--n"].default, settings["--n"].description) == (-1, "how many")
    assert settings["--n"].kind.spec() == {"kind": "int", "size": 8, "signed": True}
    assert settings["str($1)"].kind.size == 1024
