"""Copies of structs: how they are laid out, and of which there are none."""

from __future__ import annotations

from aotrace.compiler.kernel_types import copy_of, find_struct, unkept
from aotrace.compiler.types import Array, Pointer, Space, Struct, Tuple, lying_in, promote
from aotrace.runtime.values import RecordKind, StructKind

from tests.support.compiling import analyse, fake_sources


def kernels(name: str) -> Struct:
    found = find_struct(fake_sources().btf, "struct", name)
    assert found is not None
    return found


def declared(definition: str, name: str) -> Struct:
    """A struct of a script's own."""
    analysis = analyse(f"{definition}; begin {{ $p = (struct {name} *)0; }}")
    (kind,) = analysis.found.variables.values()
    assert isinstance(kind, Pointer)
    assert isinstance(kind.target, Struct)
    return kind.target


def test_a_kernel_struct_is_a_record_of_its_own_layout() -> None:
    kind = kernels("task_struct").kind
    assert type(kind) is RecordKind
    assert {"pid", "comm", "tasks"} <= set(kind.names)


def test_a_declared_struct_is_as_c_has_it() -> None:
    own = declared("struct s { char a; int b : 3; union { short c; char d; }; long e; }", "s")
    kind = own.kind
    assert type(kind) is StructKind
    assert (kind.size, kind.align, own.extent) == (16, 8, 16)
    places = {name: (kept.offset, kept.bits) for name, kept in copy_of(own).members.items()}
    assert places == {"a": (0, 0), "b": (1, 3), "c": (2, 0), "d": (2, 0), "e": (8, 0)}


def test_a_packed_struct_is_aligned_to_bytes() -> None:
    packed = declared("struct s { char a; int b; } __attribute__((packed))", "s")
    assert (packed.size, packed.kind.align) == (5, 1)


def test_why_there_is_no_copy() -> None:
    btf = fake_sources().btf
    task = kernels("task_struct")
    assert unkept(task, btf) is None
    assert unkept(Tuple((task, Array(task, 2))), btf) is None


def test_pointers_in_user_memory_point_there() -> None:
    inner = Pointer(kernels("task_struct"))
    for kind in (inner, Array(inner, 2)):
        moved = lying_in(kind, Space.USER)
        assert "USER" in repr(moved)
        assert lying_in(kind, Space.KERNEL) is kind
    own = lying_in(kernels("task_struct"), Space.USER)
    assert isinstance(own, Struct)
    assert own.inside is Space.USER


def test_a_pointer_to_a_copy_is_no_pointer_to_the_kernels() -> None:
    task = kernels("task_struct")
    assert promote(Pointer(task), Pointer(task, Space.OWN)) is None
    assert promote(Pointer(task, Space.OWN), Pointer(task, Space.OWN)) is not None
    assert str(Pointer(task, Space.OWN)) == "struct task_struct * (to a copy)"
