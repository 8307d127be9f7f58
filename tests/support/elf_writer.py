"""Writes small ELF files of user space, as a linker would, for what reads them."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import NamedTuple

TEXT_ADDRESS, TEXT_OFFSET = 0x401000, 0x1000
_SYMTAB, _STRTAB, _NOTE, _PROGBITS, _DYNSYM = 2, 3, 7, 1, 11


class Sym(NamedTuple):
    """A symbol; section 0: it is defined elsewhere."""

    name: str
    address: int
    size: int
    kind: int = 2
    section: int = 1


class _Part(NamedTuple):
    name: str
    kind: int
    data: bytes
    address: int = 0
    link: int = 0
    flags: int = 0


def note(name: bytes, kind: int, contents: bytes) -> bytes:
    """One ELF note."""
    name += b"\0"
    head = struct.pack("<III", len(name), len(contents), kind)
    return head + _padded(name) + _padded(contents)


def usdt_note(
    provider: str, name: str, arguments: str, location: int, base: int = 0, semaphore: int = 0
) -> bytes:
    """A note of sys/sdt.h."""
    words = struct.pack("<QQQ", location, base, semaphore)
    texts = b"".join(text.encode() + b"\0" for text in (provider, name, arguments))
    return note(b"stapsdt", 3, words + texts)


def build(
    symbols: Sequence[Sym] = (), *, dynamic: Sequence[Sym] = (), text: bytes = b"\x90" * 64,
    build_id: bytes = b"", sections: Sequence[tuple[str, int, bytes]] = (), kind: int = 3,
    machine: int = 62, bits: int = 64,
) -> bytes:  # fmt: skip
    """An ELF image whose .text lies at TEXT_ADDRESS and at TEXT_OFFSET of the file.

    sections: (name, type, contents) of further ones.
    """
    parts = [_Part("", 0, b""), _Part(".text", _PROGBITS, text, TEXT_ADDRESS)]
    for name, table in ((".symtab", symbols), (".dynsym", dynamic)):
        if table:
            rows, strings = _table(table, bits)
            of = _SYMTAB if name == ".symtab" else _DYNSYM
            parts.append(_Part(name, of, rows, link=len(parts) + 1))
            parts.append(_Part(f"{name}.str", _STRTAB, strings))
    if build_id:
        parts.append(_Part(".note.gnu.build-id", _NOTE, note(b"GNU", 3, build_id)))
    parts += [_Part(name, of, data) for name, of, data in sections]
    return _image(parts, kind, machine, bits)


def _table(symbols: Sequence[Sym], bits: int) -> tuple[bytes, bytes]:
    strings, rows = b"\0", bytes(24 if bits == 64 else 16)
    for each in symbols:
        at, info = len(strings), 16 | each.kind
        strings += each.name.encode() + b"\0"
        if bits == 64:
            rows += struct.pack("<IBBHQQ", at, info, 0, each.section, each.address, each.size)
        else:
            rows += struct.pack("<IIIBBH", at, each.address, each.size, info, 0, each.section)
    return rows, strings


def _image(parts: list[_Part], kind: int, machine: int, bits: int) -> bytes:
    names = b"\0"
    places = []
    for part in (*parts, _Part(".shstrtab", _STRTAB, b"")):
        places.append(len(names) if part.name else 0)
        names += part.name.encode() + b"\0" if part.name else b""
    parts = [*parts, _Part(".shstrtab", _STRTAB, names)]
    body, headers, at = b"", b"", TEXT_OFFSET
    for index, part in enumerate(parts):
        headers += struct.pack(
            "<IIQQQQIIQQ" if bits == 64 else "<10I", places[index], part.kind, part.flags,
            part.address, at + len(body), len(part.data), part.link, 0, 1, 0,
        )  # fmt: skip
        body += _padded(part.data, 8)
        if index == 0:
            body = b""
    start = TEXT_OFFSET + len(body)
    ident = b"\x7fELF" + bytes((2 if bits == 64 else 1, 1, 1)) + bytes(9)
    if bits == 64:
        head = struct.pack(
            "<16sHHIQQQIHHHHHH", ident, kind, machine, 1, 0, 64, start, 0, 64, 56, 1, 64,
            len(parts), len(parts) - 1,
        )  # fmt: skip
        head += struct.pack(
            "<IIQQQQQQ", 1, 5, TEXT_OFFSET, TEXT_ADDRESS, 0, len(body), len(body), 4096
        )
    else:
        head = struct.pack(
            "<16sHHIIIIIHHHHHH", ident, kind, machine, 1, 0, 52, start, 0, 52, 32, 1, 40,
            len(parts), len(parts) - 1,
        )  # fmt: skip
        head += struct.pack("<8I", 1, TEXT_OFFSET, TEXT_ADDRESS, 0, len(body), len(body), 5, 4096)
    return head.ljust(TEXT_OFFSET, b"\0") + body + headers


def _padded(data: bytes, to: int = 4) -> bytes:
    return data + bytes(-len(data) % to)
