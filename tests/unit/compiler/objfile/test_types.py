"""Local types and relocation records, read back by the compiler's own BTF reader."""

from __future__ import annotations

import struct
from dataclasses import replace

import pytest
from aotrace.compiler.codegen.core import Access, RelocKind
from aotrace.compiler.codegen.corehost import host_value
from aotrace.compiler.kernel.btf import Btf
from aotrace.compiler.kernel.btf_kinds import BtfKind
from aotrace.compiler.kernel.btf_types import Array, Enum, Int, Ptr, Struct, Typedef
from aotrace.compiler.objfile.btf import BtfAppender
from aotrace.compiler.objfile.btfext import CoreRecord, add_core_records
from aotrace.compiler.objfile.localtypes import LocalTypes
from aotrace.runtime.contexts import local_name

from tests.support.btf_writer import BtfWriter

KIND = RelocKind


def write_kernel() -> Btf:
    w = BtfWriter()
    w.integer("int", 4, "signed")
    w.integer("unsigned int", 4)
    w.integer("char", 1, "char")
    w.integer("bool", 1, "bool")
    w.integer("long long int", 8, "signed")
    w.typedef("pid_t", "int")
    w.enum("color", {"RED": 0, "GREEN": 1, "BLUE": 2})
    w.enum64("big", {"SMALL": -1, "HUGE": 1 << 40}, signed=True)
    addresses = w.struct("", "int source", "int target")
    w.struct("pair", "char unused", w.union("", "long long int both", addresses), "int tail")
    w.struct(
        "thing",
        "pid_t pid",
        "struct pair pairs[2][2]",
        "unsigned int low:3",
        "unsigned int high:7",
        "enum color color",
        "struct thing *next",
        "const struct pair last",
        "bool flag",
        size=200,
    )
    w.typedef("unnamed_t", w.struct("", "int gone", "int member"))
    w.floating("double", 8)
    w.union("number", "int whole", ("real", w.floating("float", 4)))
    return Btf.parse(w.build())


KERNEL = write_kernel()


def empty_btf() -> bytes:
    """As LLVM may leave it: some strings, one type."""
    w = BtfWriter()
    w.integer("int", 4, "signed")
    w.string("pid")
    return w.build()


def access(root: str, *steps: str | int, kind: RelocKind = KIND.FIELD_BYTE_OFFSET) -> Access:
    kinds = (BtfKind.STRUCT, BtfKind.UNION, BtfKind.ENUM, BtfKind.ENUM64, BtfKind.TYPEDEF)
    found = next(found for k in kinds if (found := KERNEL.find(k, root)) is not None)
    return Access(kind, KERNEL, found, steps)


class Local:
    """The local types of some accesses, as they stand in the object's BTF."""

    def __init__(self, *accesses: Access) -> None:
        appender = BtfAppender(empty_btf())
        types = LocalTypes(appender, accesses)
        self.roots = [types.root(each) for each in accesses]
        self.specs = [types.spec(each) for each in accesses]
        self.btf = Btf.parse(appender.raw())

    def struct(self, name: str) -> Struct:
        type_id = self.btf.find(BtfKind.STRUCT, name)
        assert type_id is not None
        found = self.btf.type(type_id)
        assert isinstance(found, Struct)
        return found

    def moved(self, asked: Access) -> Access:
        """The same question, asked of the local types."""
        return Access(asked.kind, self.btf, self.roots[0], asked.steps)


ASKED = [
    access("thing", "pid"),
    access("thing", "pairs", 1, 0, "target"),
    access("thing", "last", "both"),
    access("thing", "high"),
    access("thing", "high", kind=KIND.FIELD_RSHIFT_U64),
    access("thing", "high", kind=KIND.FIELD_LSHIFT_U64),
    access("thing", "color"),
    access("thing", "next"),
    access("thing", "flag", kind=KIND.FIELD_BYTE_SIZE),
    access("thing", kind=KIND.TYPE_SIZE),
    access("unnamed_t", "member"),
    access("number", "real"),
    access("color", "BLUE", kind=KIND.ENUMVAL_VALUE),
    access("big", "SMALL", kind=KIND.ENUMVAL_VALUE),
]


@pytest.mark.parametrize("asked", ASKED, ids=str)
def test_pruned_types_give_the_same_answers(asked: Access) -> None:
    local = Local(asked)
    assert host_value(local.moved(asked)) == host_value(asked)


def test_all_together_give_the_same_answers() -> None:
    local = Local(*ASKED)
    for asked, root in zip(ASKED, local.roots, strict=True):
        assert host_value(Access(asked.kind, local.btf, root, asked.steps)) == host_value(asked)


def test_only_what_is_used_is_copied() -> None:
    local = Local(access("thing", "pid"), access("thing", "pairs", 0, 1, "source"))
    thing = local.struct("thing")
    assert [member.name for member in thing.members] == ["pid", "pairs"]
    assert thing.size == 200
    (union,) = local.struct("pair").members
    assert (union.name, union.bit_offset) == ("", 64)
    assert local.specs == ["0:0", "0:1:0:1:0:0:0"]


def test_specs_count_the_used_members() -> None:
    local = Local(access("thing", "next"), access("thing", "pid"), access("thing", "color"))
    assert local.specs == ["0:2", "0:0", "0:1"]


def test_enumerators_count_the_used_ones() -> None:
    asked = [access("color", name, kind=KIND.ENUMVAL_EXISTS) for name in ("BLUE", "GREEN")]
    local = Local(*asked)
    assert local.specs == ["1", "0"]
    enum = local.btf.type(local.roots[0])
    assert isinstance(enum, Enum)
    assert [value.name for value in enum.values] == ["GREEN", "BLUE"]


def test_pointers_point_to_void_and_bitfields_stay() -> None:
    local = Local(access("thing", "next"), access("thing", "high"))
    high, pointer = local.struct("thing").members
    assert (high.bit_offset % 32, high.bit_size) == (3, 7)
    assert local.btf.type(pointer.type_id) == Ptr(pointer.type_id, "", 0)


def test_typedefs_stay_where_the_root_needs_its_name() -> None:
    local = Local(access("unnamed_t", "member"), access("thing", "pid"))
    assert isinstance(local.btf.type(local.roots[0]), Typedef)
    (pid,) = local.struct("thing").members
    assert isinstance(local.btf.type(pid.type_id), Int)


def test_contexts_have_a_local_type_for_each_event() -> None:
    """The loader may rename each of them to what the target's struct is called."""
    plain = access("thing", "pid")
    events = [replace(plain, event=event) for event in ("connect", "close")]
    local = Local(plain, *events)
    names = [local.btf.type(root).name for root in local.roots]
    assert names == ["thing", local_name("thing", "connect"), local_name("thing", "close")]
    assert local.specs == ["0:0"] * 3


def test_scalars_and_arrays_are_written_once() -> None:
    local = Local(
        access("thing", "pairs", 0, 0, "source"), access("thing", "pairs", 1, 1, "target")
    )
    kinds = [type(local.btf.type(i)) for i in range(1, local.btf.type_count)]
    assert kinds.count(Array) == 2
    assert kinds.count(Int) == 3  # LLVM's own, the members', the arrays' index


def test_appending_keeps_what_llvm_wrote() -> None:
    before = Btf.parse(empty_btf())
    appender = BtfAppender(empty_btf())
    assert appender.string("pid") == appender.string("pid")
    added = appender.add_int("pid", 4, signed=True, encoding="")
    after = Btf.parse(appender.raw())
    assert after.type(1) == before.type(1)
    assert added == 2
    assert after.type(2) == Int(2, "pid", 4, True, "", 32)
    assert len(appender.raw()) == len(empty_btf()) + 16  # the string was there


def llvm_ext(functions: bytes, lines: bytes) -> bytes:
    sizes = (0, len(functions), len(functions), len(lines))
    return struct.pack("<HBBIIIII", 0xEB9F, 1, 0, 24, *sizes) + functions + lines


def test_records_are_added_behind_llvms() -> None:
    later, earlier = CoreRecord(16, 7, 2, 0), CoreRecord(8, 7, 1, 2)
    raw = add_core_records(llvm_ext(b"function", b"lines"), {5: [later, earlier]})
    fields = struct.unpack_from("<HBBIIIIIII", raw)
    body = raw[fields[3] :]
    assert fields[3:] == (32, 0, 8, 8, 5, 13, 4 + 8 + 32)
    assert body[:13] == b"functionlines"
    assert body[13:] == struct.pack("<I2I", 16, 5, 2) + struct.pack("<8I", *earlier, *later)


def test_no_records_no_section() -> None:
    raw = add_core_records(llvm_ext(b"function", b""), {})
    assert struct.unpack_from("<I", raw, 28) == (0,)
