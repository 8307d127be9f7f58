"""Call stacks: taken by a helper, kept once in a table of the object, known by a key.

The table is a map from key to frames (runtime/values/stacks.py has both layouts). What costs is to
walk the stack; then the frames are hashed where they lie, and only a stack that the table does not
hold yet is copied into it. Of a new stack of a process the loader is told at once, since it can
find out what its addresses mean only while the process lives.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from aotrace.compiler.builtins.process import ids_here
from aotrace.compiler.codegen import unwind
from aotrace.compiler.codegen.helpers import MapType
from aotrace.compiler.emitter import Reg
from aotrace.compiler.types import Stack
from aotrace.runtime.values import IntKind
from aotrace.runtime.values.stacks import (
    BUILD_ID,
    COUNT_BITS,
    HEADER_SIZE,
    NEW_STACK,
    StackKind,
)
from aotrace.runtime.wire import place_record
from llvmlite import ir

if TYPE_CHECKING:
    from aotrace.compiler.codegen.emit import ProgramEmitter
    from aotrace.compiler.codegen.function import FunctionBuilder

_I64, _POINTER = ir.IntType(64), ir.PointerType()
_USER, _BUILD_ID = 1 << 8, 1 << 11  # BPF_F_USER_STACK, BPF_F_USER_BUILD_ID
_NOEXIST = 1  # BPF_NOEXIST
_WORD = 8
#: Of the hash: two odd numbers of xxHash64.
_FACTOR, _SEED = 0x9E3779B185EBCA87, 0x27D4EB2F165667C5
_BLOCK = 8 * _WORD


def key(e: ProgramEmitter, kind: Stack) -> Reg:
    """The key of the stack at this place; 0 of one that has no frames or cannot be had.

    The stack is taken by the program itself: a function of its own would be one of the frames.
    """
    if not kind.limit:
        return e.const(0)
    entry, frames, size = _entry(e, kind)
    flags = (_USER if kind.user else 0) | (_BUILD_ID if kind.mode == BUILD_ID else 0)
    got = e.hidden(e.helper("get_stack", e.ctx, frames, size, flags))
    return e.fn.call(_keeper(e, kind), entry, got)


def unwound(e: ProgramEmitter, kind: Stack) -> Reg:
    """As key, of a process's stack by the rules that the loader has for it (unwind.py)."""
    if not kind.limit:
        return e.const(0)
    entry, frames, size = _entry(e, kind)
    e.zero(frames, size)  # the hash is one of whole blocks
    got = unwind.walk(e, frames, kind.limit)
    return e.fn.call(_keeper(e, kind), entry, got)


def _entry(e: ProgramEmitter, kind: Stack) -> tuple[Reg, Reg, int]:
    """Memory for an entry of the table; where in it the frames are, and how many bytes."""
    storage = _storage(kind)
    padding = _padding(storage)
    entry = e.fn.region(storage.entry_size + padding)
    e.zero(e.offset(entry, storage.entry_size), padding)
    return entry, e.offset(entry, HEADER_SIZE), storage.entry_size - HEADER_SIZE


def _storage(kind: Stack) -> StackKind:
    assert isinstance(kind.kind, StackKind)
    return kind.kind


def _padding(storage: StackKind) -> int:
    """Bytes behind the frames up to a whole number of the blocks that are hashed."""
    return -(storage.entry_size - HEADER_SIZE) % _BLOCK


def _keeper(e: ProgramEmitter, kind: Stack) -> FunctionBuilder:
    """The function that keeps a stack in its table and gives its key: one for all of a size, part
    of the program where that asks at one place."""
    storage = _storage(kind)
    name = f"keep_{'u' if kind.user else 'k'}{storage.table}"
    made = e.shared.subprograms
    if name not in made:
        made[name] = fn = e.shared.module.subprogram(
            name, [("entry", _POINTER), ("got", _I64)], _I64, e.planned.unit.point.span
        )
        fn.function.attributes.discard("noinline")  # a call costs what one place alone can save
        _keep(type(e)(fn, e.shared, e.planned), kind, storage, _table(e, storage))
    return made[name]


def _table(e: ProgramEmitter, storage: StackKind) -> Any:
    """The map of all stacks of this size.

    When it is full, the stack that was not met for longest makes room. It has more entries than a
    map of the script has keys, so that what such a map names stays.
    """
    tables = e.shared.tables
    if storage.table not in tables:
        entries = max(2 * e.shared.config.max_map_keys, _LEAST_ENTRIES)
        tables[storage.table] = e.shared.module.map(
            storage.table, MapType.LRU_HASH, IntKind(8, False), storage.entry_size, entries
        )
    return tables[storage.table]


_LEAST_ENTRIES = 1024


def _keep(e: ProgramEmitter, kind: Stack, storage: StackKind, table: Any) -> None:
    """The body of the keeper: `got` is what the helper returned, bytes or an error."""
    entry, got = e.fn.params
    with e.if_(e.op("slt", got, storage.frame_size)):
        e.fn.return_(0)
    count = e.op("udiv", got, storage.frame_size)
    pid = e.op("lshr", ids_here(e, told=False), 32) if kind.user else e.const(0)
    e.store(entry, 0, 4, pid)
    e.store(entry, 4, 4, count)
    mixed = _hash(e, e.offset(entry, HEADER_SIZE), got, storage, e.op("xor", pid, _SEED))
    found = e.op("or", e.op("shl", e.op("lshr", mixed, COUNT_BITS), COUNT_BITS), count)
    slot = e.fn.stack_slot(_WORD)
    e.store(slot, 0, _WORD, found)
    with e.if_(e.op("eq", e.fn.helper("map_lookup_elem", table, slot), 0)):
        e.fn.helper("map_update_elem", table, slot, entry, _NOEXIST)
        if kind.user:
            _announce(e, storage, found)
    e.fn.return_(found)


def _hash(e: ProgramEmitter, frames: Reg, size: Reg, storage: StackKind, seed: Reg) -> Reg:
    """A hash of so many bytes, in whole blocks: behind the frames bpf_get_stack leaves zeros.

    Two chains, each over every other word, since a chain waits for each of its products. A word
    takes three instructions, as the verifier goes through all blocks that a stack may have. The end
    is compared with a constant too: the verifier of Linux 5.10 learns nothing from where a
    constant is compared with a range.
    """
    most = storage.entry_size - HEADER_SIZE
    chains, index = (e.fn.stack_slot(_WORD), e.fn.stack_slot(_WORD)), e.fn.stack_slot(_WORD)
    for chain in chains:
        e.store(chain, 0, _WORD, seed)
    e.store(index, 0, _WORD, e.const(0))
    head, more, body, end = (e.fn.new_block(name) for name in ("hash", "more", "block", "hashed"))
    e.ir.branch(head)
    e.ir.position_at_end(head)
    at = e.load(index, 0, _WORD)
    e.ir.cbranch(e.truth(e.op("ult", at, most)), more, end)
    e.ir.position_at_end(more)
    e.ir.cbranch(e.truth(e.op("ult", at, size)), body, end)
    e.ir.position_at_end(body)
    words = e.offset(frames, at, step=_BLOCK)
    for place in range(0, _BLOCK, _WORD):
        chain = chains[place // _WORD % 2]
        total = e.op("add", e.load(chain, 0, _WORD), e.load(words, place, _WORD))
        e.store(chain, 0, _WORD, e.op("mul", total, e.const(_FACTOR)))
    e.store(index, 0, _WORD, e.op("add", at, _BLOCK))
    e.ir.branch(head)
    e.ir.position_at_end(end)
    first, second = (e.load(chain, 0, _WORD) for chain in chains)
    turned = e.op("or", e.op("lshr", second, 32), e.op("shl", second, 32))
    return _mixed(e, e.op("add", first, turned))


def _mixed(e: ProgramEmitter, number: Reg) -> Reg:
    """Of a product only the upper bits depend on all bits of what was multiplied."""
    product = e.op("mul", e.op("xor", number, e.op("lshr", number, 32)), e.const(_FACTOR))
    return e.op("xor", product, e.op("lshr", product, 29))


def _announcements(e: ProgramEmitter, table: str) -> Iterator[int]:
    """The events that tell of a new stack in a table: one for each way of showing it, all alike."""
    for number, event in enumerate(e.shared.plan.events):
        if event.action == NEW_STACK and getattr(event.args[0][1], "table", "") == table:
            yield number


def _announce(e: ProgramEmitter, storage: StackKind, found: Reg) -> None:
    """Tell the loader of a stack that the table did not have. When there is no room for that, the
    process may be gone when its addresses are looked up: no reason to call an event lost."""
    index = next(_announcements(e, storage.table), None)
    if index is None:
        return  # nothing shows it by name
    placement = place_record(((storage.size, storage.align),))
    record = e.fn.helper("ringbuf_reserve", e.shared.ring, placement.size, 0)
    with e.if_(record):
        e.store(record, 0, _WORD, e.const(index))
        e.store(record, placement.offsets[0], _WORD, found)
        e.fn.helper("ringbuf_submit", record, 0)
