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
from aotrace.compiler.kernel_types import copy_of, field_of, redefined
from aotrace.compiler.probes.record import ContextField, ContextStruct, Passed
from aotrace.compiler.sema.names import is_args
from aotrace.compiler.syntax import nodes
from aotrace.compiler.syntax.nodes import Expr
from aotrace.compiler.types import (
    NONE,
    UINT64,
    Array,
    Int,
    Pointer,
    Record,
    Space,
    Str,
    Struct,
    Tuple,
    Type,
)

if TYPE_CHECKING:
    from aotrace.compiler.codegen.emit import ProgramEmitter

_READERS = {
    Space.KERNEL: "probe_read_kernel",
    Space.NONE: "probe_read_kernel",
    Space.OPEN: "probe_read_kernel",
    Space.USER: "probe_read_user",
    Space.OWN: "probe_read_kernel",
}
_LOCATED_MASK = 0xFFFF  # the low half of a __data_loc word is the offset in the record


@dataclass(frozen=True)
class Place:
    """Memory at `base`, moved by the field path `steps` from a kernel struct (none: not moved).

    root: that struct's BTF and id. direct: loads need no helper. bits: the size of a bitfield, else
    0; first_bit: where it begins, if that need not be relocated. event: whose context it is.
    guarded: a test tells whether the target has it, and LLVM must ask for nothing of it before.
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
    guarded: bool = False

    def core(self, e: ProgramEmitter, kind: RelocKind) -> Reg:
        """The target's answer to a question about this path."""
        access = self.access(kind)
        return e.fn.pinned_core_value(access) if self.guarded else e.fn.core_value(access)

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
    if isinstance(node, nodes.TupleItem):
        outer = find(e, node.base)
        return item(e, outer, node.index) if outer else None
    if isinstance(node, nodes.Unary) and node.op == "*" and not is_args(node):
        return _target(e, node.operand)
    return None


def _target(e: ProgramEmitter, pointer: Expr) -> Place:
    """What a pointer points to."""
    kind = e.type_of(pointer)
    if isinstance(kind, Int):
        return at(e.value(pointer), UINT64, kind.space)
    assert isinstance(kind, Pointer)  # inferred
    return at(e.value(pointer), kind.target, kind.space, kind.trusted)


def _member(e: ProgramEmitter, node: nodes.Member) -> Place | None:
    if is_args(node.base):
        return argument(e, node.name)
    kind = e.type_of(node.base)
    outer = _target(e, node.base) if isinstance(kind, Pointer) else find(e, node.base)
    while outer and isinstance(outer.type, Pointer):  # a field is looked for behind every pointer
        outer = at(load(e, outer), outer.type.target, outer.type.space, outer.type.trusted)
    if outer and isinstance(outer.type, Record):
        return item(e, outer, outer.type.names.index(node.name))
    return field(e, outer, node.name) if outer else None


def argument(e: ProgramEmitter, name: str) -> Place | None:
    """Where an argument of the probe lies in its context; None for one that is in a word."""
    source = (e.unit.probe.arguments or {})[name]
    if isinstance(source, Passed):
        return None if source.type.scalar else passed(e, source)
    if isinstance(source, ContextStruct):
        return _in_words(e, source)
    if not isinstance(source, ContextField) or source.located:
        return None  # a word is a value, not a place
    kind, root = redefined(source.type, e.shared.btf), (source.btf, source.struct)
    return Place(
        e.ctx, kind, Space.KERNEL, root, source.steps, direct=True, event=source.event
    )  # fmt: skip


def _in_words(e: ProgramEmitter, source: ContextStruct) -> Place:
    """A copy of the words that a struct has in the context."""
    slot = e.slot(source.words * 8)
    for offset in range(0, source.words * 8, 8):
        e.store(slot, offset, 8, e.context_word(source.offset + offset))
    return at(slot, redefined(source.type, e.shared.btf), Space.KERNEL)


def passed(e: ProgramEmitter, source: Passed) -> Place:
    """Where a parameter lies that is in user memory."""
    if source.register is not None:
        return at(e.context_word(source.register), source.type, Space.USER)
    on_stack = e.op("add", e.context_word(source.stack), source.above)
    if source.indirect:
        on_stack = load(e, at(on_stack, Pointer(source.type), Space.USER))
    return at(on_stack, source.type, Space.USER)


def passed_value(e: ProgramEmitter, source: Passed) -> Reg:
    """A parameter that is one number."""
    if source.register is None or source.indirect:
        return load(e, passed(e, source))
    return word_of(e, source.register, source.type)


def word_of(e: ProgramEmitter, offset: int, kind: Type) -> Reg:
    """A word of the context: of a register that holds a number, what lies above it is anything."""
    word, unused = e.context_word(offset), 64 - kind.size * 8
    shift = "ashr" if _signed(kind) else "lshr"
    return e.op(shift, e.op("shl", word, unused), unused) if unused > 0 else word


def field(e: ProgramEmitter, outer: Place, name: str) -> Place:
    """A field of the struct at a place."""
    struct = outer.type
    assert isinstance(struct, Struct)
    info = field_of(struct, name)
    assert info is not None  # inferred
    kind = redefined(info.type, e.shared.btf)
    if not struct.relocated or outer.space is Space.OWN:
        kept = copy_of(struct).members[name]
        base = e.op("add", address(e, outer), kept.offset)
        return replace(at(base, kind, outer.space), bits=kept.bits, first_bit=kept.first_bit)
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


def item(e: ProgramEmitter, outer: Place, index: int) -> Place:
    """An item of the tuple or record at a place, which only the program's own memory has."""
    kind = outer.type
    assert isinstance(kind, (Tuple, Record))
    offset = kind.kind.offsets[index]  # type: ignore[attr-defined]  # of a tuple's kind
    return at(e.op("add", address(e, outer), offset), kind.items[index], outer.space)


def _index(e: ProgramEmitter, node: nodes.Index) -> Place | None:
    kind = e.type_of(node.base)
    if isinstance(kind, Pointer):
        first, index = _target(e, node.base), e.value(node.index)
        moved = _moved(e, first.base, index, first.type, first.space)
        return replace(first, base=moved, direct=False)
    outer = find(e, node.base)
    constant = e.constant_of(node.index)
    if outer and isinstance(kind, Tuple) and isinstance(constant, int):
        return item(e, outer, constant)
    if outer is None or not isinstance(kind, (Array, Str)):
        return None
    if outer.steps and isinstance(constant, int):
        return element(outer, constant)
    index = e.value(node.index)
    if isinstance(kind, Array) and kind.count and constant is None:
        check_bounds(e, index, kind.count)
    element_type = kind.element if isinstance(kind, Array) else Int(1, True)
    base = _moved(e, address(e, outer), index, element_type, outer.space)
    return at(base, element_type, outer.space)


def element(outer: Place, index: int) -> Place:
    """An element, of known index, of the array at a place that is relocated."""
    kind = outer.type.element if isinstance(outer.type, Array) else Int(1, True)
    return replace(outer, type=kind, steps=(*outer.steps, int(index)), bits=0)


def check_bounds(e: ProgramEmitter, index: Reg, count: int) -> None:
    """An index beyond the elements is told of; what is there is the caller's matter."""
    with e.if_(e.op("uge", e.hidden(index), count)):
        e.shared.failures.tell(e, failures.BOUNDS, e.const(0), failures.NEVER_OFF)


def _moved(e: ProgramEmitter, base: Reg, index: Reg, element: Type, space: Space) -> Reg:
    return e.op("add", base, e.op("mul", index, size_of(e, element, space)))


def size_of(e: ProgramEmitter, kind: Type, space: Space = Space.NONE) -> Reg:
    """Bytes of a type on the target; of its copy in the program's own memory."""
    if space is Space.OWN and kind != NONE:
        return e.const(kind.size)
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
    return e.op("add", base, place.core(e, RelocKind.FIELD_BYTE_OFFSET))


def load(e: ProgramEmitter, place: Place) -> Reg:
    """The scalar at a place, extended to 64 bits."""
    if place.direct and place.steps and not place.bits and not place.guarded:
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
    return cut(e, slot, place.first_bit, place.bits, _signed(place.type))


def cut(e: ProgramEmitter, slot: Reg, first: int, bits: int, signed: bool) -> Reg:
    """So many bits of the 16 bytes in a slot, from the `first` on."""
    last = first + bits
    word = e.load(slot, 0, 8)
    if last > 64:
        rest = e.op("shl", e.load(slot, 8, 8), 64 - first)
        word = e.op("or", e.op("lshr", word, first), rest)
        last = bits
    return e.op("ashr" if signed else "lshr", e.op("shl", word, 64 - last), 64 - bits)


def _signed(kind: Type) -> bool:
    return isinstance(kind, Int) and kind.signed


def _load_directly(e: ProgramEmitter, place: Place) -> Reg:
    value = load_known(e, place)
    if isinstance(place.type, Pointer) and place.base is e.ctx and e.unit.probe.element:
        return settled(e, value)
    return value


def load_known(e: ProgramEmitter, place: Place) -> Reg:
    """What the verifier lets programs load; a pointer is never null, or will be tested."""
    access = place.access(RelocKind.FIELD_BYTE_OFFSET)
    base = place.base if isinstance(place.base.type, ir.PointerType) else e.ir.inttoptr(
        place.base, ir.PointerType()
    )  # fmt: skip
    value = e.fn.core_load(base, access, ir.IntType(place.type.size * 8))
    return e.extend(value, _signed(place.type))


def settled(e: ProgramEmitter, pointer: Reg) -> Reg:
    """A pointer of an iterator's context, which may be null: the verifier takes no arithmetic on it
    before a test. Where it is null it becomes a number to the verifier, which reads as zeros."""
    kept = e.fn.stack_slot(8)
    with e.if_else(e.hidden(e.op("eq", e.hidden(pointer), 0))) as (null, there):
        with null:
            e.store(kept, 0, 8, e.const(0))
        with there:
            e.store(kept, 0, 8, pointer)
    return e.load(kept, 0, 8)


def _read_relocated(e: ProgramEmitter, place: Place, slot: Reg) -> Reg:
    """Read as many bytes as the field has on the target, then cut and extend by shifts."""

    if isinstance(place.type, Pointer):
        e.helper(_READERS[place.space], slot, 8, address(e, place))
        return e.load(slot, 0, 8)
    size = place.core(e, RelocKind.FIELD_BYTE_SIZE)
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
    left = e.op("shl", word, place.core(e, RelocKind.FIELD_LSHIFT_U64))
    return e.op(shift, left, place.core(e, RelocKind.FIELD_RSHIFT_U64))


def field_size(e: ProgramEmitter, place: Place, most: int) -> Reg:
    """Bytes that a field has on the target, at most so many."""
    return e.bounded(place.core(e, RelocKind.FIELD_BYTE_SIZE), most)


def read_into(e: ProgramEmitter, place: Place, target: Reg, size: Reg | int) -> None:
    """Copy `size` bytes of a place to the program's memory; zeros where it cannot be read."""
    e.helper(_READERS[place.space], target, size, address(e, place))


def read_string(e: ProgramEmitter, place: Place, target: Reg, size: int) -> None:
    """As read_into, up to the NUL: what follows it is left as it was."""
    reader, source = _READERS[place.space], address(e, place)
    got = e.helper(f"{reader}_str", target, size, source)
    keep_cut(e, reader, target, size, e.op("add", source, size - 1), got)


def source(e: ProgramEmitter, node: Expr) -> tuple[str, Reg]:
    """The helper that reads where an address leads, or where a value lies; and that address."""
    kind = e.type_of(node)
    if kind.scalar:
        return _READERS[e.context.space_of(kind)], e.value(node)
    found = find(e, node)
    if found:
        return _READERS[found.space], address(e, found)
    return _READERS[Space.OWN], e.memory(node)


def read_bytes(e: ProgramEmitter, target: Reg, size: int, node: Expr) -> None:
    """Copy from an lvalue, or from where a pointer points."""
    kind = e.type_of(node)
    if isinstance(kind, Pointer):
        e.helper(_READERS[kind.space], target, size, e.value(node))
        return
    found = find(e, node)
    if found:
        with e.placed(node.span):
            read_into(e, found, target, size)
    else:
        e.copy(target, e.memory(node), size)  # a copy begins as the struct does


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
