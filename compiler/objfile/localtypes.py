"""Local types: the kernel types that an object relocates against, pruned to what it uses.

libbpf compares them with the target's by names and kinds of members. They keep the build host's
sizes, offsets and anonymous structs, and of each struct the used members, of each enum the used
enumerators; a pointer's target plays no role there and becomes void.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from aotrace.compiler.codegen.core import Access, RelocKind
from aotrace.compiler.codegen.corehost import locate, named_root
from aotrace.compiler.kernel.btf import Btf
from aotrace.compiler.kernel.btf_types import (
    Array,
    BtfType,
    Enum,
    Float,
    Int,
    Ptr,
    Struct,
    Typedef,
)
from aotrace.compiler.objfile.btf import BtfAppender
from aotrace.compiler.objfile.errors import ObjectError
from aotrace.runtime.contexts import local_name

_VOID = 0
_ENUMERATORS = (RelocKind.ENUMVAL_EXISTS, RelocKind.ENUMVAL_VALUE)


class LocalTypes:
    """Writes the types that `accesses` need; each type once per BTF that it comes from."""

    def __init__(self, btf: BtfAppender, accesses: Iterable[Access]) -> None:
        self._out = btf
        self._used: dict[tuple[Btf, int], set[int]] = {}
        self._ids: dict[tuple[Btf, int], int] = {}
        self._contexts: dict[tuple[Btf, int, str], int] = {}
        self._scalars: dict[tuple[object, ...], int] = {}
        for access in accesses:
            for step in locate(access).steps:
                self._used.setdefault((access.btf, step.container), set()).add(step.index)

    def root(self, access: Access) -> int:
        """The local type id that a relocation of this access starts from."""
        if access.event:
            return self._context(access)
        return self._id(access.btf, named_root(access))

    def _context(self, access: Access) -> int:
        """An event's context struct, under the name that runtime/contexts.py gives it."""
        found = access.btf.resolve(access.root)
        assert isinstance(found, Struct)  # sema looked the field up in it
        key = (access.btf, found.id, access.event)
        if key not in self._contexts:
            name = local_name(found.name, access.event)
            self._contexts[key] = self._struct(access.btf, found._replace(name=name))
        return self._contexts[key]

    def spec(self, access: Access) -> str:
        """The access string: '0' for the root itself, then indexes ('0:1:2'); of an enumerator
        its index alone."""
        steps = locate(access).steps
        indexes = [str(self._local_index(access.btf, *step)) for step in steps]
        return indexes[0] if access.kind in _ENUMERATORS else ":".join(["0", *indexes])

    def _local_index(self, btf: Btf, container: int, index: int) -> int:
        if isinstance(btf.type(container), Array):
            return index
        return sorted(self._used[btf, container]).index(index)

    def _id(self, btf: Btf, type_id: int) -> int:
        found = btf.type(type_id)
        writer = _WRITERS.get(type(found))
        if writer is None:
            raise ObjectError(f"no local type can be made of {found.name or found!r}")
        key = (btf, found.id)
        if key not in self._ids:
            self._ids[key] = writer(self, btf, found)
        return self._ids[key]

    def _behind(self, btf: Btf, type_id: int) -> int:
        """The local type behind typedefs and const, which play no role in comparing members."""
        return self._id(btf, btf.resolve(type_id).id)

    def _shared(self, key: tuple[object, ...], add: Callable[..., int], *args: Any) -> int:
        if key not in self._scalars:
            self._scalars[key] = add(*args)
        return self._scalars[key]

    def _int(self, btf: Btf, found: Int) -> int:
        described = (found.name, found.size, found.signed, found.encoding)
        return self._shared(described, self._out.add_int, *described)

    def _float(self, btf: Btf, found: Float) -> int:
        described = (found.name, found.size)
        return self._shared(described, self._out.add_float, *described)

    def _pointer(self, btf: Btf, found: Ptr) -> int:
        return self._shared(("pointer",), self._out.add_pointer, _VOID)

    def _array(self, btf: Btf, found: Array) -> int:
        described = ("unsigned int", 4, False, "")
        index = self._shared(described, self._out.add_int, *described)
        element = self._behind(btf, found.elem)
        key = ("array", element, found.count)
        return self._shared(key, self._out.add_array, element, index, found.count)

    def _typedef(self, btf: Btf, found: Typedef) -> int:
        return self._out.add_typedef(found.name, self._behind(btf, found.target))

    def _struct(self, btf: Btf, found: Struct) -> int:
        used = [found.members[i] for i in sorted(self._used.get((btf, found.id), ()))]
        members = [(m.name, self._behind(btf, m.type_id), m.bit_offset, m.bit_size) for m in used]
        return self._out.add_struct(found.name, found.size, found.is_union, members)

    def _enum(self, btf: Btf, found: Enum) -> int:
        used = [found.values[i] for i in sorted(self._used.get((btf, found.id), ()))]
        values = [(value.name, value.value) for value in used]
        return self._out.add_enum(found.name, found.size, found.signed, values)


_WRITERS: dict[type[BtfType], Callable[[LocalTypes, Btf, Any], int]] = {
    Int: LocalTypes._int,
    Float: LocalTypes._float,
    Ptr: LocalTypes._pointer,
    Array: LocalTypes._array,
    Typedef: LocalTypes._typedef,
    Struct: LocalTypes._struct,
    Enum: LocalTypes._enum,
}
