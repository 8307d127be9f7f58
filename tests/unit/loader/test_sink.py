"""Where output goes."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from aotrace.loader.errors import LoaderError
from aotrace.loader.output.sink import BrokenSink, Sink, open_sink


def test_what_is_written_arrives_in_order(tmp_path: Path) -> None:
    path = tmp_path / "out"
    path.write_text("what was there before")
    sink = open_sink(str(path))
    for number in range(20_000):
        sink.write(b"%d\n" % number)
    sink.flush()
    sink.close()
    assert path.read_text() == "".join(f"{number}\n" for number in range(20_000))


def test_nothing_is_written_before_it_is_worth_it(tmp_path: Path) -> None:
    sink = open_sink(str(tmp_path / "out"))
    sink.write(b"a")
    assert (tmp_path / "out").read_bytes() == b""
    sink.flush()
    assert (tmp_path / "out").read_bytes() == b"a"


def test_a_line_is_written_when_it_has_ended(tmp_path: Path) -> None:
    sink, path = open_sink(str(tmp_path / "out")), tmp_path / "out"
    for piece, written in ((b"a", b""), (b"b\nc", b"ab\n"), (b"d", b"ab\n"), (b"\n", b"ab\ncd\n")):
        sink.write(piece)
        sink.settle()
        assert path.read_bytes() == written
    sink.write(b"e")
    sink.close()
    assert path.read_bytes() == b"ab\ncd\ne"


def test_without_buffer_all_is_written_at_once(tmp_path: Path) -> None:
    sink = open_sink(str(tmp_path / "out"), "none")
    sink.write(b"a")
    assert (tmp_path / "out").read_bytes() == b"a"


def test_with_a_full_buffer_lines_wait(tmp_path: Path) -> None:
    sink = open_sink(str(tmp_path / "out"), "full")
    sink.write(b"a\n")
    sink.settle()
    assert (tmp_path / "out").read_bytes() == b""
    sink.write(b"b" * 70_000)
    assert len((tmp_path / "out").read_bytes()) == 70_002


def test_a_reader_that_has_gone() -> None:
    read, write = os.pipe()
    os.close(read)
    sink = Sink(write, "a pipe")
    sink.write(b"a")
    with pytest.raises(BrokenSink):
        sink.flush()
    sink.close()


def test_a_full_disk_is_reported() -> None:
    sink = open_sink("/dev/full")
    sink.write(b"a")
    with pytest.raises(LoaderError, match="cannot write to /dev/full"):
        sink.flush()


def test_a_descriptor_that_does_not_block(tmp_path: Path) -> None:
    read, write = os.pipe()
    os.set_blocking(write, False)
    data = b"x" * 300_000
    pid = os.fork()
    if pid == 0:
        os.close(write)
        size = 0
        while piece := os.read(read, 1000):
            size += len(piece)
        os._exit(0 if size == len(data) else 1)
    os.close(read)
    sink = Sink(write, "a pipe")
    sink.write(data)
    sink.close()
    assert os.waitpid(pid, 0)[1] == 0


def test_a_file_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(LoaderError, match=r"cannot write to .*No such file"):
        open_sink(str(tmp_path / "no" / "such"))
