"""Places in kernel and user memory: chains of fields and indexes, read with CO-RE offsets.

A chain such as `sk.__sk_common.skc_daddr` is one relocated offset from the pointer it starts at,
and one read. Contexts of tracepoints and pointers that the verifier knows are loaded directly.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import llvmlite.ir as ir
from aotrace.compiler.codegen import failures
from aotrace.compiler.codegen.core import Access, RelocKind
from aotrace.compiler.emitter import Reg, keep_cut
from aotrace.compiler.frozen import dataclass
from aotrace.compiler.kernel.btf import Btf
from aotrace.compiler.kernel_types import field_of, redefined
from aotrace.compiler.probes.record import ContextField
from aotrace.compiler.sema.names import ARGS
from aotrace.compiler.syntax import nodes
from aotrace.compiler.syntax.nodes import Expr
from aotrace.compiler.types import NONE, Array, Int, Pointer, Space, Str, Struct, Type

if TYPE_CHECKING:
    from aotrace.compiler.codegen.emit import ProgramEmitter

_READERS = {
    Space.KERNEL: "probe_read_kernel",
    Space.NONE: "probe_read_kernel",
    Space.USER: "probe_read_user",
}
_LOCATED_MASK = 0xFFFF  # the low half of a __data_loc word is the offset in the record


@dataclass(frozen=True)
class Place:
    """Memory at `base`, moved by the field path `steps` from a kernel struct (none: not moved).

    root: that struct's BTF and id. direct: loads need no helper. bits: the size of a bitfield, else
    0; first_bit: where it begins, if that need not be relocated. event: whose context it is.
    """

    base: Reg
    type: Type
    space: Space
    root: tuple[Btf, int] | None = None
    steps: tuple[str | int, ...] = ()
    direct: bool = False
    bits: int = 0
    first_bit: int = 0
    event: str = ""

    def access(self, kind: RelocKind) -> Access:
        """The relocation of this path."""
        assert self.root is not None
        return Access(kind, *self.root, self.steps, self.event)


def at(base: Reg, kind: Type, space: Space, direct: bool = False) -> Place:
    """Where a value of that type lies."""
    root = (kind.btf, kind.type_id) if isinstance(kind, Struct) else None
    return Place(base, kind, space, root, direct=direct)


def find(e: ProgramEmitter, node: Expr) -> Place | None:
    """The place that an expression denotes; None when it is a value of the program's own."""
    if isinstance(node, nodes.Member):
        return _member(e, node)
    if isinstance(node, nodes.Index):
        return _index(e, node)
    if isinstance(node, nodes.Unary) and node.op == "*":
        return _target(e, node.operand)
    return None


def _target(e: ProgramEmitter, pointer: Expr) -> Place:
    """What a pointer points to."""
    kind = e.type_of(pointer)
    assert isinstance(kind, Pointer)  # inferred
    return at(e.value(pointer), kind.target, kind.space, kind.trusted)


def _member(e: ProgramEmitter, node: nodes.Member) -> Place | None:
    if isinstance(node.base, nodes.Ident) and node.base.name == ARGS:
        return _argument(e, node.name)
    kind = e.type_of(node.base)
    if isinstance(kind, Pointer):
        return field(e, _target(e, node.base), node.name)
    outer = find(e, node.base) if isinstance(kind, Struct) else None
    return field(e, outer, node.name) if outer else None


def _argument(e: ProgramEmitter, name: str) -> Place | None:
    source = (e.unit.probe.arguments or {})[name]
    if not isinstance(source, ContextField) or source.located:
        return None  # a word is a value, not a place
    kind, root = redefined(source.type, e.shared.btf), (source.btf, source.struct)
    return Place(
        e.ctx, kind, Space.KERNEL, root, source.steps, direct=True, event=source.event
    )  # fmt: skip


def field(e: ProgramEmitter, outer: Place, name: str) -> Place:
    """A field of the struct at a place."""
    struct = outer.type
    assert isinstance(struct, Struct)
    info = field_of(struct, name)
    assert info is not None  # inferred
    kind = redefined(info.type, e.shared.btf)
    if not struct.relocated:
        base = e.op("add", address(e, outer), info.bit_offset // 8)
        return replace(at(base, kind, outer.space), bits=info.bits, first_bit=info.bit_offset % 8)
    root = outer.root if outer.steps else (struct.btf, struct.type_id)
    steps = (*outer.steps, name)
    return replace(outer, type=kind, root=root, steps=steps, bits=info.bits)


def along(e: ProgramEmitter, pointer: Reg, struct: Struct, path: Sequence[str]) -> Place:
    """A field of the kernel's struct at an address; pointers on the way are followed."""
    found = at(pointer, struct, Space.KERNEL)
    for name in path:
        if isinstance(found.type, Pointer):
            found = at(load(e, found), found.type.target, Space.KERNEL)
        found = field(e, found, name)
    return found


def _index(e: ProgramEmitter, node: nodes.Index) -> Place | None:
    kind = e.type_of(node.base)
    if isinstance(kind, Pointer):
        element = _target(e, node.base)
        index = e.value(node.index)
        return replace(element, base=_moved(e, element.base, index, element.type), direct=False)
    outer = find(e, node.base)
    if outer is None or not isinstance(kind, (Array, Str)):
        return None
    element_type = kind.element if isinstance(kind, Array) else Int(1, True)
    constant = e.constant_of(node.index)
    if outer.steps and isinstance(constant, int):
        return replace(outer, type=element_type, steps=(*outer.steps, int(constant)), bits=0)
    index = e.value(node.index)
    if isinstance(kind, Array) and kind.count and constant is None:
        check_bounds(e, index, kind.count)
    return at(_moved(e, address(e, outer), index, element_type), element_type, outer.space)


def check_bounds(e: ProgramEmitter, index: Reg, count: int) -> None:
    """An index beyond the elements is told of; what is there is the caller's matter."""
    with e.if_(e.op("uge", e.hidden(index), count)):
        e.shared.failures.tell(e, failures.BOUNDS, e.const(0), failures.NEVER_OFF)


def _moved(e: ProgramEmitter, base: Reg, index: Reg, element: Type) -> Reg:
    return e.op("add", base, e.op("mul", index, size_of(e, element)))


def size_of(e: ProgramEmitter, kind: Type) -> Reg:
    """Bytes of a type on the target."""
    if isinstance(kind, Struct) and kind.relocated:
        return e.fn.core_value(Access(RelocKind.TYPE_SIZE, kind.btf, kind.type_id))
    if isinstance(kind, Array):
        return e.op("mul", size_of(e, kind.element), kind.count)
    return e.const(1 if kind == NONE else kind.size)


def address(e: ProgramEmitter, place: Place) -> Reg:
    """Its address as i64."""
    base = e.word(place.base)
    if not place.steps:
        return base
    offset = e.fn.core_value(place.access(RelocKind.FIELD_BYTE_OFFSET))
    return e.op("add", base, offset)


def load(e: ProgramEmitter, place: Place) -> Reg:
    """The scalar at a place, extended to 64 bits."""
    if place.direct and place.steps and not place.bits:
        return _load_directly(e, place)
    slot = e.slot(8)
    e.store(slot, 0, 8, e.const(0))
    if not place.steps and place.bits:
        return _read_bits(e, place)
    if not place.steps:
        e.helper(_READERS[place.space], slot, place.type.size, address(e, place))
        return e.load(slot, 0, place.type.size, _signed(place.type))
    return _read_relocated(e, place, slot)


def _read_bits(e: ProgramEmitter, place: Place) -> Reg:
    """A bitfield that the script lays out: the bytes it is in, cut by shifts."""
    slot, last = e.slot(16), place.first_bit + place.bits
    e.zero(slot, 16)
    e.helper(_READERS[place.space], slot, -(-last // 8), address(e, place))
    word = e.load(slot, 0, 8)
    if last > 64:
        rest = e.op("shl", e.load(slot, 8, 8), 64 - place.first_bit)
        word = e.op("or", e.op("lshr", word, place.first_bit), rest)
        last = place.bits
    shift = "ashr" if _signed(place.type) else "lshr"
    return e.op(shift, e.op("shl", word, 64 - last), 64 - place.bits)


def _signed(kind: Type) -> bool:
    return isinstance(kind, Int) and kind.signed


def _load_directly(e: ProgramEmitter, place: Place) -> Reg:
    access = place.access(RelocKind.FIELD_BYTE_OFFSET)
    base = place.base if isinstance(place.base.type, ir.PointerType) else e.ir.inttoptr(
        place.base, ir.PointerType()
    )  # fmt: skip
    value = e.fn.core_load(base, access, ir.IntType(place.type.size * 8))
    return e.extend(value, _signed(place.type))


def _read_relocated(e: ProgramEmitter, place: Place, slot: Reg) -> Reg:
    """Read as many bytes as the field has on the target, then cut and extend by shifts."""

    def core(kind: RelocKind) -> Reg:
        return e.fn.core_value(place.access(kind))

    if isinstance(place.type, Pointer):
        e.helper(_READERS[place.space], slot, 8, address(e, place))
        return e.load(slot, 0, 8)
    size = core(RelocKind.FIELD_BYTE_SIZE)
    e.helper(_READERS[place.space], slot, size, address(e, place))
    word = e.load(slot, 0, 8)
    if place.type.size == 8 and not place.bits and not _signed(place.type):
        return word
    shift = "ashr" if _signed(place.type) else "lshr"
    if isinstance(place.steps[-1], int):  # libbpf knows shifts of members only
        if not _signed(place.type):
            return word
        unused = e.op("sub", 64, e.op("shl", size, 3))
        return e.op(shift, e.op("shl", word, unused), unused)
    left = e.op("shl", word, core(RelocKind.FIELD_LSHIFT_U64))
    return e.op(shift, left, core(RelocKind.FIELD_RSHIFT_U64))


def read_into(e: ProgramEmitter, place: Place, target: Reg, size: int) -> None:
    """Copy `size` bytes of a place to the program's memory; zeros where it cannot be read."""
    e.helper(_READERS[place.space], target, size, address(e, place))


def read_string(e: ProgramEmitter, place: Place, target: Reg, size: int) -> None:
    """As read_into, up to the NUL: what follows it is left as it was."""
    reader, source = _READERS[place.space], address(e, place)
    got = e.helper(f"{reader}_str", target, size, source)
    keep_cut(e, reader, target, size, e.op("add", source, size - 1), got)


def read_bytes(e: ProgramEmitter, target: Reg, size: int, node: Expr) -> None:
    """Copy from an lvalue, or from where a pointer points."""
    kind = e.type_of(node)
    if isinstance(kind, Pointer):
        e.helper(_READERS[kind.space], target, size, e.value(node))
        return
    found = find(e, node)
    assert found is not None  # a struct has no other form
    read_into(e, found, target, size)


def context_value(e: ProgramEmitter, source: ContextField) -> Reg:
    """A scalar field of the context, or the address that a `__data_loc` word tells."""
    access = Access(
        RelocKind.FIELD_BYTE_OFFSET, source.btf, source.struct, source.steps, source.event
    )
    value = e.fn.core_load(e.ctx, access, ir.IntType(source.size * 8))
    word = e.extend(value, source.signed)
    if not source.located:
        return word
    return e.op("add", e.word(e.ctx), e.op("and", word, _LOCATED_MASK))
