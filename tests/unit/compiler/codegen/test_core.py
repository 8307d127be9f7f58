"""What CO-RE accesses mean in a small kernel whose layout is plain to see."""

from __future__ import annotations

import pytest
from aotrace.compiler.codegen.core import Access, CoreError, RelocKind
from aotrace.compiler.codegen.corehost import CoreTable, extent, host_value, locate, named_root
from aotrace.compiler.kernel.btf import Btf
from aotrace.compiler.kernel.btf_kinds import BtfKind

from tests.support.btf_writer import BtfWriter

KIND = RelocKind


def write_kernel() -> Btf:
    w = BtfWriter()
    w.integer("int", 4, "signed")
    w.integer("unsigned int", 4)
    w.integer("char", 1, "signed")
    w.integer("long long int", 8, "signed")
    w.typedef("pid_t", "int")
    w.enum("color", {"RED": 0, "NONE": 0xFFFFFFFF})
    w.enum64("big", {"HUGE": 1 << 40})
    inner = w.union("", "int a", "char b[4]")
    middle = w.struct("", "int first", inner)
    w.struct("point", "int x", "int y")
    w.struct(
        "thing", "pid_t pid", middle, "struct point spots[3]", "unsigned int low:3",
        "unsigned int high:7", "enum color color", "struct thing *next", "long long int wide",
    )  # fmt: skip
    w.typedef("unnamed_t", w.struct("", "int member"))
    w.typedef("thing_t", "struct thing")
    w.struct("holder", ("const_thing", w.id_of("const struct thing")))
    return Btf.parse(w.build())


KERNEL = write_kernel()


def access(root: str, *steps: str | int, kind: RelocKind = KIND.FIELD_BYTE_OFFSET) -> Access:
    found = [KERNEL.find(k, root) for k in (BtfKind.STRUCT, BtfKind.ENUM, BtfKind.ENUM64)]
    found.append(KERNEL.find(BtfKind.TYPEDEF, root))
    type_id = next(type_id for type_id in found if type_id is not None)
    return Access(kind, KERNEL, type_id, steps)


@pytest.mark.parametrize(
    ("steps", "kind", "value"),
    [
        (("pid",), KIND.FIELD_BYTE_OFFSET, 0),
        (("first",), KIND.FIELD_BYTE_OFFSET, 4),
        (("b",), KIND.FIELD_BYTE_OFFSET, 8),
        (("b", 3), KIND.FIELD_BYTE_OFFSET, 11),
        (("b", 3), KIND.FIELD_BYTE_SIZE, 1),
        (("spots", 2, "y"), KIND.FIELD_BYTE_OFFSET, 32),
        (("spots",), KIND.FIELD_BYTE_SIZE, 24),
        (("low",), KIND.FIELD_BYTE_OFFSET, 36),
        (("high",), KIND.FIELD_BYTE_OFFSET, 36),
        (("high",), KIND.FIELD_BYTE_SIZE, 4),
        (("high",), KIND.FIELD_LSHIFT_U64, 64 - 7 - 3),
        (("high",), KIND.FIELD_RSHIFT_U64, 64 - 7),
        (("pid",), KIND.FIELD_SIGNED, 1),
        (("low",), KIND.FIELD_SIGNED, 0),
        (("next",), KIND.FIELD_BYTE_OFFSET, 48),
        (("next",), KIND.FIELD_EXISTS, 1),
        ((), KIND.TYPE_SIZE, 64),
        ((), KIND.TYPE_EXISTS, 1),
        ((), KIND.FIELD_BYTE_SIZE, 64),
    ],
)
def test_host_values(steps: tuple[str | int, ...], kind: RelocKind, value: int) -> None:
    assert host_value(access("thing", *steps, kind=kind)) == value


def test_enumerators() -> None:
    assert host_value(access("color", "NONE", kind=KIND.ENUMVAL_VALUE)) == -1
    assert host_value(access("big", "HUGE", kind=KIND.ENUMVAL_VALUE)) == 1 << 40
    assert host_value(access("big", "HUGE", kind=KIND.ENUMVAL_EXISTS)) == 1


def test_steps_pass_through_anonymous_members() -> None:
    assert [step.index for step in locate(access("thing", "b", 2)).steps] == [1, 1, 1, 2]


def test_bitfields_lie_in_the_bytes_that_libbpf_loads() -> None:
    asked = access("thing", "high")
    assert extent(asked, locate(asked)) == (36, 4, 3, 7)


def test_root_is_what_the_target_knows_by_name() -> None:
    thing = KERNEL.find(BtfKind.STRUCT, "thing")
    assert named_root(access("thing_t")) == thing
    unnamed = access("unnamed_t", "member")
    assert named_root(unnamed) == KERNEL.find(BtfKind.TYPEDEF, "unnamed_t")
    assert host_value(unnamed) == 0
    holder = KERNEL.resolve(access("holder").root)
    member = getattr(holder, "members")[0]  # noqa: B009
    assert named_root(Access(KIND.TYPE_SIZE, KERNEL, member.type_id)) == thing


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (access("thing", "nothing"), "struct thing has no member `nothing`"),
        (access("thing", "pid", "x"), r"\.x is asked of something that is no struct"),
        (access("thing", "next", "pid"), "no struct"),
        (access("thing", "pid", 1), r"\[1\] is asked of something that is no array"),
        (access("thing", "spots", 3), "outside the array of 3"),
        (access("thing"), "no member is named"),
        (access("thing", "pid", kind=KIND.TYPE_SIZE), "a type is asked for"),
        (access("color", "BLUE", kind=KIND.ENUMVAL_VALUE), "enum color has no `BLUE`"),
        (access("thing", "pid", kind=KIND.ENUMVAL_VALUE), "not an enumerator"),
        (access("thing", "color", kind=KIND.FIELD_SIGNED), "sign of an enum"),
        (access("thing", "b", 1, kind=KIND.FIELD_RSHIFT_U64), "only a member"),
        (access("thing", "spots", kind=KIND.FIELD_LSHIFT_U64), "do not fit a register"),
        (Access(KIND.TYPE_SIZE, KERNEL, locate(access("thing", "b")).steps[1].container),
         "without a name"),
    ],
)  # fmt: skip
def test_what_cannot_be_relocated(asked: Access, message: str) -> None:
    with pytest.raises(CoreError, match=message):
        CoreTable().index(asked)


def test_table_numbers_each_access_once() -> None:
    table = CoreTable()
    first, second = access("thing", "pid"), access("thing", "first")
    assert [table.index(a) for a in (first, second, first)] == [0, 1, 0]
    assert table.accesses == [first, second]


def test_accesses_read_as_the_script_has_them() -> None:
    assert str(access("thing", "spots", 2, "y")) == "struct thing.spots[2].y"
