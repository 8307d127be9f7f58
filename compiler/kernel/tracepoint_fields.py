"""The fields of a tracepoint: what a script may write after `args.`, and where each one lies.

`path` leads from the context struct to the field, by member name or array index, so that the
offset can be relocated on the target: ("prev_pid",), ("ent", "pid"), ("args", 2).
"""

from __future__ import annotations

from collections.abc import Sequence

from aotrace.compiler.frozen import dataclass

from .btf import Btf
from .btf_types import Array, Enum, Int, Member, Ptr, Struct
from .c_types import c_type_text, find_c_type
from .errors import KernelDataError
from .event_format import FormatField
from .syscalls import SyscallArgument

# kernel: include/linux/trace_events.h, struct trace_entry; the format's name -> the member's
COMMON_FIELDS = {
    "common_type": "type",
    "common_flags": "flags",
    "common_preempt_count": "preempt_count",
    "common_pid": "pid",
}
_ENTRY = "ent"
_DATA = "__data"
_LOCATIONS = {"__data_loc_": "data_loc", "__rel_loc_": "rel_loc"}

Path = tuple[str | int, ...]


@dataclass(frozen=True)
class TracepointField:
    """One field. Offsets and sizes are in bytes, bit_offset and bit_size in bits.

    type_id: the BTF type of the value, None where BTF has none for it (then ctype says what it
    is). For 'data_loc' and 'rel_loc' it is the type of one element; the context holds a u32
    there: length << 16 | offset, the offset from the start of the context (data_loc) or from
    the end of this u32 (rel_loc).
    size: bytes in the context; a system call's argument takes 8, whatever its type.
    elem_size, count: of an array; count 0 if its length varies.
    user: the value is a pointer into user memory. path: () if BTF has no struct to relocate by.
    """

    name: str
    type_id: int | None
    ctype: str
    offset: int
    size: int
    signed: bool
    kind: str
    path: Path
    is_array: bool = False
    elem_size: int = 0
    count: int = 0
    user: bool = False
    bit_offset: int = 0
    bit_size: int = 0


def struct_fields(
    btf: Btf, struct: Struct, formats: Sequence[FormatField]
) -> tuple[TracepointField, ...]:
    """Fields of an event's context struct; `formats` add what BTF does not say, if known."""
    ctypes = {field.name: field.ctype for field in formats}
    members = (member for member in struct.members if member.name not in (_ENTRY, _DATA))
    own = [_member_field(btf, member, ctypes) for member in members]
    return (*common_fields(btf, struct), *own)


def common_fields(btf: Btf, struct: Struct) -> list[TracepointField]:
    """The common_* fields, which lie in the member `ent`."""
    entry = struct.member(_ENTRY)
    header = btf.resolve(entry.type_id) if entry else None
    if not isinstance(header, Struct):
        return []
    found = ((name, header.member(member)) for name, member in COMMON_FIELDS.items())
    return [_plain(btf, name, member, (_ENTRY, member.name)) for name, member in found if member]


def _member_field(btf: Btf, member: Member, ctypes: dict[str, str]) -> TracepointField:
    for prefix, kind in _LOCATIONS.items():
        if member.name.startswith(prefix):
            name = member.name[len(prefix) :]
            return _located(btf, name, kind, member, ctypes.get(name, "char[]"))
    return _plain(btf, member.name, member, (member.name,))


def _plain(btf: Btf, name: str, member: Member, path: Path) -> TracepointField:
    found = btf.resolve(member.type_id)
    array = found if isinstance(found, Array) else None
    scalar = btf.resolve(array.elem) if array else found
    return TracepointField(
        name,
        member.type_id,
        c_type_text(btf, member.type_id),
        member.bit_offset // 8,
        btf.size_of(member.type_id),
        isinstance(scalar, (Int, Enum)) and scalar.signed,
        "plain",
        path,
        is_array=array is not None,
        elem_size=btf.size_of(array.elem) if array else 0,
        count=array.count if array else 0,
        bit_offset=member.bit_offset,
        bit_size=member.bit_size,
    )


def _located(btf: Btf, name: str, kind: str, member: Member, ctype: str) -> TracepointField:
    elem = find_c_type(btf, ctype.partition("[")[0])
    return TracepointField(
        name,
        elem,
        ctype,
        member.bit_offset // 8,
        btf.size_of(member.type_id),
        False,
        kind,
        (member.name,),
        is_array=True,
        elem_size=btf.size_of(elem) if elem else 1,
        bit_offset=member.bit_offset,
    )


def argument_fields(
    btf: Btf, struct: Struct, arguments: Sequence[SyscallArgument]
) -> tuple[TracepointField, ...]:
    """Fields of sys_enter_X: each argument is an element of `args` in syscall_trace_enter."""
    args = struct.member("args")
    array = btf.resolve(args.type_id) if args else None
    if args is None or not isinstance(array, Array):
        raise KernelDataError("this BTF has no arguments in struct syscall_trace_enter")
    start, size = args.bit_offset // 8, btf.size_of(array.elem)
    return tuple(
        _argument(btf, argument, ("args", index), start + index * size, size)
        for index, argument in enumerate(arguments)
    )


def _argument(
    btf: Btf, argument: SyscallArgument, path: Path, offset: int, size: int
) -> TracepointField:
    type_id = find_c_type(btf, argument.ctype)
    value = btf.resolve(type_id) if type_id is not None else None
    return TracepointField(
        argument.name,
        type_id,
        argument.ctype,
        offset,
        size,
        isinstance(value, (Int, Enum)) and value.signed,
        "plain",
        path,
        user=isinstance(value, Ptr) or argument.ctype.endswith("*"),
        bit_offset=offset * 8,
    )


def member_field(btf: Btf, struct: Struct, member: str, name: str) -> TracepointField:
    """One member under another name (`nr` is the field __syscall_nr)."""
    found = struct.member(member)
    if found is None:
        raise KernelDataError(f"this BTF has no {member} in struct {struct.name}")
    return _plain(btf, name, found, (member,))


def format_fields(btf: Btf, fields: Sequence[FormatField]) -> tuple[TracepointField, ...]:
    """Fields of an event that BTF has no struct for: they can be named, but not relocated."""
    return tuple(
        TracepointField(
            field.name,
            find_c_type(btf, field.ctype),
            field.ctype,
            field.offset,
            field.size,
            field.signed,
            field.location,
            (),
            is_array=field.ctype.endswith("]"),
            bit_offset=field.offset * 8,
        )
        for field in fields
    )


def agrees(fields: Sequence[TracepointField], formats: Sequence[FormatField]) -> bool:
    """Whether fields from BTF are those of the format: names, offsets and sizes, in order."""
    own = [(f.name, f.offset, f.size) for f in fields if f.name not in COMMON_FIELDS]
    return own == [(f.name, f.offset, f.size) for f in formats]
