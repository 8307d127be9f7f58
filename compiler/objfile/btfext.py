"""Adding CO-RE relocation records to the .BTF.ext that LLVM wrote.

LLVM's function and line records stay as they are. Layout: struct btf_ext_header and struct
bpf_core_relo (libbpf: src/libbpf_internal.h, kernel: include/uapi/linux/bpf.h).
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import NamedTuple

_HEADER = struct.Struct("<HBBIIIIIII")
_MAGIC = 0xEB9F
_SECTION = struct.Struct("<II")
_RECORD = struct.Struct("<IIII")


class CoreRecord(NamedTuple):
    """One relocation: byte offset of the instruction in its section, local type id, offset of
    the access string, bpf_core_relo_kind."""

    instruction: int
    type_id: int
    access: int
    kind: int


def add_core_records(raw: bytes, records: Mapping[int, list[CoreRecord]]) -> bytes:
    """.BTF.ext with records added, by the string offset of their section's name."""
    fields = struct.unpack_from("<HBBIIIII", raw)
    header_size = fields[3]
    function_at, function_size, line_at, line_size = fields[4:]
    functions = raw[header_size + function_at :][:function_size]
    lines = raw[header_size + line_at :][:line_size]
    core = _core_section(records) if records else b""
    header = _HEADER.pack(
        _MAGIC, 1, 0, _HEADER.size,
        0, len(functions), len(functions), len(lines), len(functions) + len(lines), len(core),
    )  # fmt: skip
    return header + functions + lines + core


def _core_section(records: Mapping[int, list[CoreRecord]]) -> bytes:
    pieces = [struct.pack("<I", _RECORD.size)]
    for section, items in records.items():
        pieces.append(_SECTION.pack(section, len(items)))
        pieces += [_RECORD.pack(*item) for item in sorted(items)]
    return b"".join(pieces)
