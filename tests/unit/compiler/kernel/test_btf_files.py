"""BTF in files: raw and inside ELF, whole and damaged, and the advice given for each damage."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
from aotrace.compiler.kernel.btf import Btf
from aotrace.compiler.kernel.btf_kinds import BtfKind
from aotrace.compiler.kernel.errors import KernelDataError

from tests.support.fake_kernel import fake_btf, fake_module_btf


def elf(**sections: bytes) -> bytes:
    """A 64-bit little-endian ELF file with these sections ('__' in a name stands for a dot)."""
    names = ["", ".shstrtab", *(name.replace("__", ".") for name in sections)]
    strings = b"\0".join(name.encode() for name in names) + b"\0"
    bodies = [b"", strings, *sections.values()]
    headers, data = b"", b""
    for name, body in zip(names, bodies):
        at = strings.index(name.encode() + b"\0") if name else 0
        headers += struct.pack("<IIQQQQIIQQ", at, 1, 0, 0, 64 + len(data), len(body), 0, 0, 1, 0)
        data += body
    ident = b"\x7fELF\x02\x01\x01".ljust(16, b"\0")
    table = 64 + len(data)
    count = len(names)
    fixed = struct.pack(
        "<16sHHIQQQIHHHHHH", ident, 1, 247, 1, 0, 0, table, 0, 64, 0, 0, 64, count, 1
    )
    return fixed + data + headers


def opened(tmp_path: Path, content: bytes, base: Btf | None = None) -> Btf:
    path = tmp_path / "kernel"
    path.write_bytes(content)
    return Btf.open(path, base)


def refused(tmp_path: Path, content: bytes) -> KernelDataError:
    with pytest.raises(KernelDataError) as caught:
        opened(tmp_path, content)
    assert str(caught.value).startswith(f"{tmp_path / 'kernel'}: ")
    return caught.value


def test_opens_raw_btf(tmp_path: Path) -> None:
    assert opened(tmp_path, fake_btf()).find(BtfKind.STRUCT, "sock") is not None


def test_opens_the_btf_section_of_an_elf_file(tmp_path: Path) -> None:
    btf = opened(tmp_path, elf(__text=b"\x90" * 33, __BTF=fake_btf()))
    assert btf.type_count == Btf.parse(fake_btf()).type_count


def test_opens_a_module_on_top_of_its_kernel(tmp_path: Path) -> None:
    base = Btf.parse(fake_btf())
    module = opened(tmp_path, elf(__BTF=fake_module_btf()), base)
    assert module.find(BtfKind.STRUCT, "fakemod_state") == base.type_count + 1


def test_a_module_may_bring_its_base_along(tmp_path: Path) -> None:
    module = opened(tmp_path, elf(__BTF=fake_module_btf(), __BTF__base=fake_btf()))
    assert module.find(BtfKind.STRUCT, "fakemod_state") is not None
    assert module.find(BtfKind.STRUCT, "sock") is not None


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(KernelDataError, match="nowhere: No such file"):
        Btf.open(tmp_path / "nowhere")


def test_a_directory_is_no_btf(tmp_path: Path) -> None:
    with pytest.raises(KernelDataError, match="Is a directory"):
        Btf.open(tmp_path)


def test_an_elf_file_without_btf_gets_advice(tmp_path: Path) -> None:
    error = refused(tmp_path, elf(__text=b"\x90"))
    assert "no .BTF section" in str(error)
    assert error.hint == "the kernel must be built with CONFIG_DEBUG_INFO_BTF=y"


def test_something_else_gets_advice(tmp_path: Path) -> None:
    for content in (b"", b"M", b"\x1f\x8b\x08\0compressed", b"#!/bin/sh\n"):
        error = refused(tmp_path, content)
        assert "neither raw BTF nor an ELF file" in str(error)
        assert error.hint is not None
        assert "/sys/kernel/btf/vmlinux" in error.hint


def test_big_endian_btf_is_recognised(tmp_path: Path) -> None:
    error = refused(tmp_path, b"\xeb\x9f\x01\0" + bytes(20))
    assert "big-endian" in str(error)


def test_a_32_bit_elf_file_is_recognised(tmp_path: Path) -> None:
    content = elf(__BTF=fake_btf())
    error = refused(tmp_path, content[:4] + b"\x01" + content[5:])
    assert "not a 64-bit little-endian ELF" in str(error)


def test_a_compressed_section_is_recognised(tmp_path: Path) -> None:
    content = bytearray(elf(__BTF=fake_btf()))
    struct.pack_into("<Q", content, len(content) - 64 + 8, 0x800)  # sh_flags of the last section
    assert "compressed" in str(refused(tmp_path, bytes(content)))


def test_every_truncation_of_an_elf_file_is_told(tmp_path: Path) -> None:
    content = elf(__BTF=fake_btf())
    for size in (4, 63, 64, 1000, len(content) - 1):
        assert "truncated ELF" in str(refused(tmp_path, content[:size]))


@pytest.mark.parametrize("size", [2, 23, 24, 1000, len(fake_btf()) - 1])
def test_every_truncation_of_raw_btf_is_told(tmp_path: Path, size: int) -> None:
    assert "truncated BTF" in str(refused(tmp_path, fake_btf()[:size]))


def test_a_module_without_its_kernel_gets_advice(tmp_path: Path) -> None:
    error = refused(tmp_path, fake_module_btf())
    assert "split BTF of a kernel module" in str(error)
    assert error.hint is not None
    assert "--btf" in error.hint


def patched(offset: int, layout: str, value: int) -> bytes:
    data = bytearray(fake_btf())
    struct.pack_into(layout, data, offset, value)
    return bytes(data)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (patched(2, "B", 2), "BTF version 2 is not known"),
        (patched(4, "<I", 7), "a header of 7 bytes"),
        (patched(12, "<I", 41), "not made of 4-byte words"),
        (patched(24 + 4, "<I", 99 << 24), "type 1 is of kind 99, which is not known"),
        (patched(24 + 4, "<I", 0), "type 1 is of kind 0, which is not known"),
        (patched(24 + 4, "<I", 4 << 24 | 0xFFFFFF), "type 1 runs past the end"),
        (fake_btf()[:-1] + b"x", "does not end in a NUL"),
    ],
)
def test_damage_is_told(tmp_path: Path, content: bytes, message: str) -> None:
    assert message in str(refused(tmp_path, content))


def test_names_beyond_the_strings_are_told() -> None:
    btf = Btf.parse(patched(24, "<I", 0x7FFFFFFF))
    with pytest.raises(KernelDataError, match="there is no name at offset"):
        btf.type(1)


def test_names_that_are_not_text_are_told() -> None:
    data = fake_btf().replace(b"\0sk_buff\0", b"\0sk_\xffuff\0")
    btf = Btf.parse(data)
    with pytest.raises(KernelDataError, match="not UTF-8"):
        list(btf.names(BtfKind.STRUCT))


def with_layout_and_unknown_kind(layout: bytes) -> bytes:
    """The fake kernel with a type of kind 20 (two words after the common ones) in front."""
    old = fake_btf()
    types_len, strings_len = (
        struct.unpack_from("<I", old, 12)[0],
        struct.unpack_from("<I", old, 20)[0],
    )
    unknown = struct.pack("<5I", 0, 20 << 24, 0, 7, 7)
    types = unknown + old[24 : 24 + types_len]
    at = len(types)
    header = struct.pack(
        "<HBBIIIIIII", 0xEB9F, 1, 0, 32, 0, at, at + len(layout), strings_len, at, len(layout)
    )
    return header + types + layout + old[24 + types_len :]


def test_kinds_that_the_file_itself_describes_are_skipped() -> None:
    layout = b"".join(struct.pack("<BBH", 8 if kind == 20 else 0, 0, 0) for kind in range(21))
    btf = Btf.parse(with_layout_and_unknown_kind(layout))
    assert btf.type_count == Btf.parse(fake_btf()).type_count + 1
    assert btf.find(BtfKind.STRUCT, "sock") is not None
    with pytest.raises(KernelDataError, match="kind 20, which is not known"):
        btf.type(1)


def test_kinds_that_nobody_describes_are_told() -> None:
    with pytest.raises(KernelDataError, match="kind 20, which is not known") as caught:
        Btf.parse(with_layout_and_unknown_kind(b""))
    assert caught.value.hint is not None
    assert "newer than this aotrace" in caught.value.hint
