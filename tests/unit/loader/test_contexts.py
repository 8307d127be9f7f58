"""Tracepoint structs under other names: objects of one kernel fit for another."""

from __future__ import annotations

from pathlib import Path

import pytest
from aotrace.loader import contexts
from aotrace.runtime.contexts import local_name
from aotrace.runtime.metadata import Program

from tests.support.btf_writer import BtfWriter

OWN, CLASS = "trace_event_raw_tcp_probe", "trace_event_raw_tcp_event"
FORMAT = """\
name: tcp_probe
format:
\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;

\tfield:const void * skaddr;\toffset:8;\tsize:8;\tsigned:0;
\tfield:__data_loc char[] name;\toffset:16;\tsize:4;\tsigned:0;
"""


@pytest.fixture
def kernel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A kernel whose class struct matches the event's format, and another that does not."""
    events = tmp_path / "events" / "tcp" / "tcp_probe"
    events.mkdir(parents=True)
    (events / "format").write_text(FORMAT)
    monkeypatch.setattr(contexts, "TRACEFS", (str(tmp_path),))
    return tmp_path


def btf(folder: Path, *structs: str) -> str:
    writer = BtfWriter()
    writer.integer("unsigned int", 4)
    writer.struct("trace_event_raw_other", "unsigned int a[2]", "unsigned int skaddr")
    for name in structs:
        head = "unsigned int head[2]"
        writer.struct(name, head, "void *skaddr", "unsigned int __data_loc_name")
    path = folder / "btf"
    path.write_bytes(writer.build())
    return str(path)


def image(struct: str) -> bytes:
    return b"\0before\0" + local_name(struct, "tcp_probe").encode() + b"\0after\0"


def programs(struct: str) -> list[Program]:
    target = {"category": "tcp", "name": "tcp_probe", "struct": struct}
    return [Program("p", "", "tracepoint:tcp:tcp_probe", "tracepoint", target, 1)]


@pytest.mark.parametrize(
    ("built", "here", "expected"),
    [
        (CLASS, [CLASS], CLASS),
        (CLASS, [CLASS, OWN], OWN),
        (OWN, [OWN], OWN),
        (OWN, [CLASS], CLASS),
        ("trace_event_raw_gone", [CLASS], CLASS),
        (OWN, [], OWN),
    ],
)
def test_the_struct_that_this_kernel_has(
    built: str, here: list[str], expected: str, kernel: Path
) -> None:
    fitted = contexts.adapt(image(built), programs(built), own=True, btf=btf(kernel, *here))
    assert fitted == image(expected)


def test_own_structs_are_taken_for_granted_at_first(kernel: Path) -> None:
    here = btf(kernel, CLASS)
    assert contexts.adapt(image(OWN), programs(OWN), own=False, btf=here) == image(OWN)


def test_without_btf_or_tracefs_nothing_changes(kernel: Path, tmp_path: Path) -> None:
    missing = str(tmp_path / "none")
    assert contexts.adapt(image(OWN), programs(OWN), own=True, btf=missing) == image(OWN)
    (tmp_path / "events" / "tcp" / "tcp_probe" / "format").unlink()
    here = btf(kernel, CLASS)
    assert contexts.adapt(image(OWN), programs(OWN), own=True, btf=here) == image(OWN)


def test_events_without_fields_are_left_alone(kernel: Path) -> None:
    here = btf(kernel, CLASS)
    assert contexts.adapt(b"no local type", programs(OWN), own=True, btf=here) == b"no local type"
