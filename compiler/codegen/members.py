"""Which member of its attach point a program is in, where the target completes it.

The number is the attach cookie, or the marker (runtime/members.py): the loader says by a setting,
which the verifier knows, so that kernels without the helper never see its call.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import llvmlite.ir as ir
from aotrace.compiler.emitter import Reg
from aotrace.runtime.members import ARGUMENT_SIZE, TEXT_SIZE, cookie_setting

if TYPE_CHECKING:
    from aotrace.compiler.codegen.emit import ProgramEmitter

_I64 = ir.IntType(64)


def number(e: ProgramEmitter) -> Reg:
    """The number of the member."""
    place = e.fn.stack_slot(8)
    marker = e.fn.module.member_symbol(e.planned.number).ptrtoint(_I64)
    e.store(place, 0, 8, e.op("and", e.hidden(marker), 0xFFFFFFFF))
    with e.if_(e.setting(cookie_setting(e.planned.record.name))):
        e.store(place, 0, 8, e.helper("get_attach_cookie", e.ctx))
    return e.load(place, 0, 8)


def text(e: ProgramEmitter) -> Reg:
    """The address of the member's text; that of zeros where the loader gave none."""
    key = e.fn.stack_slot(4)
    e.store(key, 0, 4, number(e))
    found = e.helper("map_lookup_elem", e.fn.module.member_texts, key)
    none = e.fn.module.zeros(TEXT_SIZE)
    return e.ir.select(e.fn.is_null(found), none, found)


def place(e: ProgramEmitter) -> Reg:
    """The address that the file gives the member's place; 0 where the loader gave none."""
    key, found = e.fn.stack_slot(4), e.fn.stack_slot(8)
    e.store(key, 0, 4, number(e))
    e.store(found, 0, 8, e.const(0))
    known = e.helper("map_lookup_elem", e.fn.module.member_places, key)
    with e.if_(e.op("ne", known, 0)):
        e.store(found, 0, 8, e.load(known, 0, 8))
    return e.load(found, 0, 8)


# fields of an argument's description, as runtime/members.py has them: (offset, bytes)
_CONSTANT, _BASE, _INDEX = (0, 8), (8, 2), (10, 2)
_SCALE, _MEMORY, _SIZE, _SIGNED = (12, 1), (13, 1), (14, 1), (15, 1)


def argument(e: ProgramEmitter, index: int) -> Reg:
    """An argument of a usdt probe, by the site's description of it; 0 where there is none."""
    total = e.fn.stack_slot(8)
    e.store(total, 0, 8, e.const(0))
    key = e.fn.stack_slot(4)
    e.store(key, 0, 4, number(e))
    found = e.helper("map_lookup_elem", e.fn.module.site_arguments, key)
    with e.if_(e.op("ne", found, 0)):
        _evaluate(e, e.offset(found, index * ARGUMENT_SIZE), total)
    return e.load(total, 0, 8)


def _evaluate(e: ProgramEmitter, described: Reg, total: Reg) -> None:
    """Constant plus registers, or what is in user memory there, cut to its size by its sign."""
    e.store(total, 0, 8, e.load(described, *_CONSTANT))
    with e.if_(e.load(described, *_BASE)):
        base = _register(e, e.load(described, *_BASE))
        e.store(total, 0, 8, e.op("add", e.load(total, 0, 8), base))
    with e.if_(e.load(described, *_INDEX)):
        index = _register(e, e.load(described, *_INDEX))
        scaled = e.op("shl", index, e.op("and", e.load(described, *_SCALE), 3))
        e.store(total, 0, 8, e.op("add", e.load(total, 0, 8), scaled))
    size = e.bounded(e.load(described, *_SIZE), 8)
    with e.if_(e.load(described, *_MEMORY)):
        address = e.load(total, 0, 8)
        e.store(total, 0, 8, e.const(0))
        e.helper("probe_read_user", total, size, address)
    unused = e.op("and", e.op("sub", 64, e.op("shl", size, 3)), 63)
    word = e.op("shl", e.load(total, 0, 8), unused)
    signed = e.op("ashr", word, unused)
    e.store(
        total, 0, 8,
        e.select(e.load(described, *_SIGNED), signed, e.op("lshr", word, unused)),
    )  # fmt: skip


def _register(e: ProgramEmitter, place: Reg) -> Reg:
    """A register by its offset in the context, which a direct load cannot have in a register."""
    slot = e.fn.stack_slot(8)
    e.store(slot, 0, 8, e.const(0))
    address = e.op("add", e.word(e.ctx), e.op("sub", place, 1))
    e.helper("probe_read_kernel", slot, 8, address)
    return e.load(slot, 0, 8)
