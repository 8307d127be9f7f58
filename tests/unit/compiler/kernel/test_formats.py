"""Tracepoint formats: the text, and the places it is read from."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest
from aotrace.compiler.kernel.errors import KernelDataError
from aotrace.compiler.kernel.event_format import FormatField, parse_format
from aotrace.compiler.kernel.tracepoint_formats import Formats, open_formats
from hypothesis import given
from hypothesis import strategies as st

from tests.support.fake_formats import fake_format, write_formats

EXAMPLE = fake_format(
    "example",
    "const char * name;8;8;0",
    "char comm[16];16;16;0",
    "__u8 saddr[sizeof(struct sockaddr_in6)];32;28;0",
    "__data_loc char[] file;60;4;0",
    "__rel_loc u32[] list;64;4;0",
    "long delta;72;8;1",
    "void (*handler)(struct rcu_head *);80;8;0",
    "struct task_struct *task;88;8;0",
)


def test_fields_with_types_places_and_signs() -> None:
    event = parse_format(EXAMPLE)
    assert event.name == "example"
    assert event.fields == (
        FormatField("name", "const char *", 8, 8, False, "plain"),
        FormatField("comm", "char[16]", 16, 16, False, "plain"),
        FormatField("saddr", "__u8[sizeof(struct sockaddr_in6)]", 32, 28, False, "plain"),
        FormatField("file", "char[]", 60, 4, False, "data_loc"),
        FormatField("list", "u32[]", 64, 4, False, "rel_loc"),
        FormatField("delta", "long", 72, 8, True, "plain"),
        FormatField("handler", "void (*)(struct rcu_head *)", 80, 8, False, "plain"),
        FormatField("task", "struct task_struct *", 88, 8, False, "plain"),
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "not a tracepoint format"),
        ("name: x\n", "not a tracepoint format"),
        ("#!/bin/sh\n", "not a tracepoint format"),
        (EXAMPLE.replace("offset:60", "offset:six"), "malformed tracepoint format"),
        (EXAMPLE.replace("const char * name", "***"), "malformed tracepoint format"),
    ],
)
def test_other_text_is_refused(text: str, message: str) -> None:
    with pytest.raises(KernelDataError, match=message):
        parse_format(text)


@given(st.text(alphabet="name:fildorat\t;\n[]*_ 0123(", max_size=80), st.integers(0, len(EXAMPLE)))
def test_mangled_text_is_refused_or_read(noise: str, at: int) -> None:
    try:
        event = parse_format(EXAMPLE[:at] + noise + EXAMPLE[at:])
    except KernelDataError:
        return
    assert event.name


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = tmp_path / "tracing" / "events"
    write_formats(root)
    return root


def pack(tree: Path, archive: Path, mode: str) -> Path:
    with tarfile.open(archive, mode) as tar:  # type: ignore[call-overload]
        tar.add(tree, arcname="events")
    return archive


@pytest.fixture(params=["events", "tracing", "above", "tar", "tar.gz", "tar.xz"])
def formats(request: pytest.FixtureRequest, tree: Path, tmp_path: Path) -> Formats:
    """The same formats, from each kind of place."""
    places = {"events": tree, "tracing": tree.parent, "above": tree.parent.parent}
    if request.param in places:
        return open_formats(places[request.param])
    mode = "w" + request.param[3:].replace(".", ":")
    return open_formats(pack(tree, tmp_path / "events.tar", mode))


def test_every_place_tells_the_same(formats: Formats) -> None:
    assert formats.categories() == ["sched", "sock", "syscalls", "tcp"]
    assert formats.events("sched") == ["sched_process_exec", "sched_switch", "sched_waking"]
    assert formats.events("nowhere") == []
    assert formats.categories_of("sched_switch") == ["sched"]
    assert formats.categories_of("nothing") == []
    assert formats.get("tcp", "sched_switch") is None
    assert formats.get("sched", "nothing") is None
    event = formats.get("sched", "sched_switch")
    assert event is not None
    assert [f.name for f in event.fields][:2] == ["prev_comm", "prev_pid"]


@pytest.mark.parametrize("name", ["..", "../sched", "a/b", "", "a\0b", "*", "\udc80"])
def test_no_name_leads_out_of_the_directory(tree: Path, name: str) -> None:
    formats = open_formats(tree)
    assert formats.get(name, "sched_switch") is None
    assert formats.get("sched", name) is None
    assert formats.events(name) == []
    assert formats.categories_of(name) == []


def test_a_single_file_in_its_tree_knows_its_category(tree: Path) -> None:
    formats = open_formats(tree / "sched/sched_switch/format")
    assert formats.categories() == ["sched"]
    assert formats.get("sched", "sched_switch") is not None
    assert formats.get("tcp", "sched_switch") is None


def test_a_single_file_elsewhere_fits_any_category(tree: Path, tmp_path: Path) -> None:
    copy = tmp_path / "sched_switch.txt"
    copy.write_text((tree / "sched/sched_switch/format").read_text())
    formats = open_formats(copy)
    assert formats.categories() == []
    assert formats.categories_of("sched_switch") == []
    assert formats.get("anything", "sched_switch") is not None
    assert formats.events("anything") == ["sched_switch"]
    assert formats.get("sched", "sched_waking") is None


def refused(path: Path) -> KernelDataError:
    with pytest.raises(KernelDataError) as caught:
        open_formats(path)
    assert str(path) in str(caught.value)
    return caught.value


def test_places_without_formats_get_advice(tmp_path: Path) -> None:
    assert "No such file" in str(refused(tmp_path / "nowhere"))
    (tmp_path / "empty").mkdir()
    assert "CATEGORY/EVENT/format" in str(refused(tmp_path / "empty").hint)
    (tmp_path / "text").write_text("hello")
    assert "sched_switch/format" in str(refused(tmp_path / "text").hint)
    (tmp_path / "binary").write_bytes(b"\xff\xfe\0\1" * 100)
    refused(tmp_path / "binary")


def test_an_archive_without_formats_gets_advice(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "x.tar", "w") as tar:
        # As tar packs tracefs itself: every file says that it is empty.
        tar.addfile(tarfile.TarInfo("events/sched/sched_switch/format"), io.BytesIO())
    assert "make it from a copy" in str(refused(tmp_path / "x.tar").hint)


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:xz"])
def test_a_broken_archive_is_told(tree: Path, tmp_path: Path, mode: str) -> None:
    content = pack(tree, tmp_path / "x.tar", mode).read_bytes()
    (tmp_path / "cut").write_bytes(content[: len(content) // 2])
    refused(tmp_path / "cut")


def test_a_damaged_file_in_a_directory_is_told(tree: Path) -> None:
    path = tree / "sched/sched_switch/format"
    path.write_text("junk")
    formats = open_formats(tree)
    with pytest.raises(KernelDataError, match="sched_switch/format: not a tracepoint format"):
        formats.get("sched", "sched_switch")
