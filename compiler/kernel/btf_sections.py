"""The raw form of BTF: header, type words, strings, and where each type begins.

Source of the rules: kernel Documentation/bpf/btf.rst and include/uapi/linux/btf.h. Everything
is checked here once, so that decoding can rely on each type lying whole within the words.
"""

from __future__ import annotations

import struct
import sys
from array import array
from collections.abc import Sequence
from typing import NamedTuple

from aotrace.runtime.btf import KIND_WORDS

from .errors import KernelDataError

MAGIC = 0xEB9F
_HEADER = struct.Struct("<HBBIIIII")
_LAYOUT_FIELDS = struct.Struct("<II")
_BEYOND = 1 << 30  # words: a step that leaves any BTF, for kinds nobody knows

KIND_MASK = 0x7F
VLEN_MASK = 0xFFFFFF


class BtfSections(NamedTuple):
    """BTF taken apart, not yet decoded; the sections stay where they are in `data`.

    types, strings: bounds of the two sections in `data`, for searches with bytes.find.
    words: the type section as host integers. starts: word index of each type, in order.
    """

    data: bytes
    types: range
    strings: range
    words: Sequence[int]
    starts: list[int]


def split_sections(data: bytes, *, is_split: bool) -> BtfSections:
    """Take apart BTF; `is_split` for a module's, which continues its base's ids and strings.

    Raises KernelDataError for anything that is not whole, little-endian BTF of version 1.
    """
    header_size, type_off, type_len, str_off, str_len = _header(data)
    types = _bounds(data, "type", header_size + type_off, type_len)
    strings = _bounds(data, "string", header_size + str_off, str_len)
    _check_strings(data, strings, is_split)
    words = _host_words(data, types)
    starts = _type_starts(words, _layout(data, header_size))
    return BtfSections(data, types, strings, words, starts)


def _header(data: bytes) -> tuple[int, int, int, int, int]:
    if len(data) < 2:
        raise KernelDataError("not BTF: the file is empty")
    if data[:2] == b"\xeb\x9f":
        raise KernelDataError(
            "this BTF is big-endian", "aotrace compiles for little-endian machines only"
        )
    if int.from_bytes(data[:2], "little") != MAGIC:
        raise KernelDataError("not BTF: it does not begin with the BTF magic number")
    if len(data) < _HEADER.size:
        raise KernelDataError("truncated BTF: the header is cut short")
    _, version, _, header_size, *sections = _HEADER.unpack_from(data)
    if version != 1:
        raise KernelDataError(f"BTF version {version} is not known (only 1 is)")
    if not _HEADER.size <= header_size <= len(data):
        raise KernelDataError(f"malformed BTF: a header of {header_size} bytes")
    type_off, type_len, str_off, str_len = sections
    return header_size, type_off, type_len, str_off, str_len


def _bounds(data: bytes, what: str, offset: int, length: int) -> range:
    end = offset + length
    if end > len(data):
        raise KernelDataError(
            f"truncated BTF: its {what} section ends at byte {end} of {len(data)}"
        )
    return range(offset, end)


def _check_strings(data: bytes, strings: range, is_split: bool) -> None:
    if is_split and not strings:
        return
    if not strings or data[strings[-1]]:
        raise KernelDataError("malformed BTF: the string section does not end in a NUL")
    if not is_split and data[strings.start]:
        raise KernelDataError(
            "this is the split BTF of a kernel module, which needs the kernel's own beside it",
            "give the BTF of the whole kernel (/sys/kernel/btf/vmlinux) with --btf",
        )


def _host_words(data: bytes, types: range) -> Sequence[int]:
    if len(types) % 4:
        raise KernelDataError("malformed BTF: the type section is not made of 4-byte words")
    section = memoryview(data)[types.start : types.stop]
    if sys.byteorder == "little":
        return section.cast("I")
    words = array("I", section.tobytes())
    words.byteswap()
    return words


def _layout(data: bytes, header_size: int) -> dict[int, tuple[int, int]]:
    """Sizes by kind: ours, and for kinds newer than us those that the file states itself.

    Since 7.1 a header may name a section of struct btf_layout {u8 info_sz, elem_sz; u16 flags}.
    """
    if header_size < _HEADER.size + _LAYOUT_FIELDS.size:
        return KIND_WORDS
    offset, length = _LAYOUT_FIELDS.unpack_from(data, _HEADER.size)
    table = _bounds(data, "layout", header_size + offset, length)
    stated = {
        kind: (data[at] // 4, data[at + 1] // 4)
        for kind, at in enumerate(range(table.start, table.stop - 3, 4))
    }
    return {**stated, **KIND_WORDS}


class _StepByInfo(dict[int, int]):
    """info word -> words the type takes: few info words are distinct, so this is the fast way."""

    def __init__(self, layout: dict[int, tuple[int, int]]) -> None:
        super().__init__()
        self.layout = layout

    def __missing__(self, info: int) -> int:
        fixed, per_element = self.layout.get(info >> 24 & KIND_MASK, (_BEYOND, 0))
        step = self[info] = 3 + fixed + per_element * (info & VLEN_MASK)
        return step


def _type_starts(words: Sequence[int], layout: dict[int, tuple[int, int]]) -> list[int]:
    """Word index of every type. One pass over 126,000 types takes 18 ms: keep the loop bare."""
    starts: list[int] = []
    append = starts.append
    step = _StepByInfo(layout)
    infos = words[1:]
    at, end = 0, len(words)
    try:
        while at < end:
            append(at)
            at += step[infos[at]]
    except IndexError:
        raise KernelDataError("truncated BTF: the last type is cut short") from None
    if at != end:
        _refuse_last(words[starts[-1] + 1] >> 24 & KIND_MASK, layout, len(starts))
    return starts


def _refuse_last(kind: int, layout: dict[int, tuple[int, int]], type_id: int) -> None:
    if kind in layout:
        raise KernelDataError(f"truncated BTF: type {type_id} runs past the end of its section")
    raise KernelDataError(
        f"BTF type {type_id} is of kind {kind}, which is not known",
        "the file is malformed, or of a kernel newer than this aotrace",
    )
