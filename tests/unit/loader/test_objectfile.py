"""Object files: ELF read with struct alone, and whatever else a file may be."""

from __future__ import annotations

import contextlib
import struct
from pathlib import Path

import pytest
from aotrace.loader import objectfile
from aotrace.loader.errors import ObjectError
from aotrace.loader.objectfile import ObjectFile
from aotrace.loader.target import check_arch
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.runtime.test_metadata import sample


def elf(sections: dict[str, tuple[int, bytes, int]], machine: int = 247, kind: int = 1) -> bytes:
    """An object with these sections (type, bytes, link), after the empty one, and .shstrtab."""
    names = b"\0" + b"".join(name.encode() + b"\0" for name in (*sections, ".shstrtab"))
    parts = [("", (0, b"", 0)), *sections.items(), (".shstrtab", (3, names, 0))]
    body, headers, at = b"", b"", 64
    for name, (section_kind, data, link) in parts:
        label = names.index(name.encode() + b"\0") if name else 0
        size = 8 if section_kind == 8 else len(data)
        headers += struct.pack("<IIQQQQIIQQ", label, section_kind, 0, 0, at, size, link, 0, 1, 0)
        body += data
        at += len(data)
    head = struct.pack("<4sBBB9xHHIQQQIHHHHHH", b"\x7fELF", 2, 1, 1, kind, machine, 1, 0, 0,
                       64 + len(body), 0, 64, 0, 0, 64, len(parts), len(parts) - 1)  # fmt: skip
    return head + body + headers


STRINGS = b"\0lost_events\0other\0"
SYMBOLS = bytes(24) + struct.pack("<IBBHQQ", 1, 0x11, 0, 1, 16, 8)
OBJECT = elf({
    ".bss": (8, b"", 0),
    ".aotrace": (1, sample().dump(), 0),
    ".symtab": (2, SYMBOLS, 4),
    ".strtab": (3, STRINGS, 0),
})  # fmt: skip


def test_what_is_in_it() -> None:
    file = ObjectFile("dir/my-tool.bpf.o", OBJECT)
    assert file.name == "my_tool"
    assert file.metadata().script == "t.bt"
    assert file.section(".bss") == b""
    assert file.section(".none") is None
    assert file.symbol("lost_events") == (".bss", 16)
    assert file.symbol("other") is None


@pytest.mark.parametrize(
    ("image", "message"),
    [
        (b"", "truncated"),
        (b"#!/bin/sh\n" + b"x" * 100, "not a BPF object"),
        (elf({}, machine=62), "not a BPF object"),
        (elf({}, kind=2), "cannot be loaded|can be loaded"),
        (OBJECT[:200], "truncated"),
        (OBJECT[:-70], "truncated"),
        (elf({".text": (1, b"", 0)}), "not made by aotracec"),
        (elf({".aotrace": (1, b"{}", 0)}), "damaged"),
        (elf({".aotrace": (1, b'{"version":[2,0]}', 0)}), "newer aotrace"),
    ],
)
def test_what_it_may_be_instead(image: bytes, message: str) -> None:
    with pytest.raises(ObjectError, match=message) as caught:
        ObjectFile("x.o", image).metadata()
    assert caught.value.hint


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ObjectError, match="No such file"):
        objectfile.read(str(tmp_path / "none"))
    with pytest.raises(ObjectError, match="Is a directory"):
        objectfile.read(str(tmp_path))


@given(st.data())
def test_damage_is_an_object_error(data: st.DataObject) -> None:
    image = bytearray(OBJECT)
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(image) - 1))
        image[at] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(image)))
    with contextlib.suppress(ObjectError):
        file = ObjectFile("x.o", bytes(image[:cut]))
        file.symbol("lost_events")
        file.metadata()


def test_the_machine_must_be_the_objects() -> None:
    with pytest.raises(ObjectError, match="was made for z80"):
        check_arch("x.o", "z80")
